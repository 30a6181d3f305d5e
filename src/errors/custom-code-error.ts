/** Code of a model's folder that cannot be used. */
import { ModularError } from './modular-error'

/** Trusted code fails while it loads, asks for a file that is not there, or holds no such class of blocks. */
export class CustomCodeError extends ModularError {
  override readonly code = 'CUSTOM_CODE'

  constructor(
    /** The file that was loaded, or asked for. */
    readonly file: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${file}: ${problem}`, { cause })
  }
}
