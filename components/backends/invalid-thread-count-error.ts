/** A number of threads that no backend can use. */
import { ModularError } from '../../src/errors/modular-error'

/** `threads` is not a whole number, or less than 1. */
export class InvalidThreadCountError extends ModularError {
  override readonly code = 'INVALID_THREAD_COUNT'

  constructor(
    /** The number that was asked for. */
    readonly threads: number,
  ) {
    super(`The option threads must be a whole number of at least 1, but is ${threads}.`)
  }
}
