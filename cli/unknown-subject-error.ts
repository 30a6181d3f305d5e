/** What `describe` and `graph` were asked to show cannot be shown. */
import { ModularError } from '../src/errors/modular-error'

/** The argument names neither a model folder nor a module with blocks, or the module cannot be loaded. */
export class UnknownSubjectError extends ModularError {
  override readonly code = 'UNKNOWN_SUBJECT'

  constructor(
    /** The folder or file that was given. */
    readonly subject: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${subject}: ${problem}`, { cause })
  }
}
