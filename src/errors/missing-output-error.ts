/** A block ended without writing what it declares. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** A block did not write one of its declared outputs. */
export class MissingOutputError extends ModularError {
  override readonly code = 'MISSING_OUTPUT'

  constructor(
    path: readonly string[],
    /** Name of the output. */
    readonly output: string,
  ) {
    super(
      `${pathText(path)}: the declared output "${output}" was not written. Assign this.${output} in run() or in the loop step, ` +
        'or remove its @Output().',
      { path },
    )
  }
}
