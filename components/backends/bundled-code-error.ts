/** A program of this package is not beside its code. */
import { dirname } from 'node:path'
import { ModularError } from '../../src/errors/modular-error'

/** A probe cannot start its program, because the code of this package was bundled into another file. */
export class BundledCodeError extends ModularError {
  override readonly code = 'BUNDLED_CODE'

  constructor(
    /** The program. */
    readonly program: string,
    file: string,
    cause?: unknown,
  ) {
    super(
      `The program ${program} of tesserae is not beside the code (${dirname(file)}). Probes start it in a process of its own, and a bundle does not ` +
        'contain it. Keep tesserae outside of the bundle (esbuild: --external:tesserae).',
      { cause },
    )
  }
}
