/** A number of threads that no backend can use. */
import { ModularError } from '../../src/errors/modular-error'

/** `threads` is not a whole number, or less than 1. */
export class InvalidThreadCountError extends ModularError {
  override readonly code = 'INVALID_THREAD_COUNT'

  constructor(
    /** The number that was asked for. */
    readonly threads: number,
    /** What holds the number. */
    readonly source = 'option threads',
    /** The number as it was written. */
    text = String(threads),
  ) {
    super(`The ${source} must be a whole number of at least 1, but is ${text}.`)
  }
}
