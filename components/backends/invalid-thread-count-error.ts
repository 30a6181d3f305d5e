/** A number of threads that no backend can use. */
import { ModularError } from '../../src/errors/modular-error'

/** `threads` is no whole number in the range that the backends take. */
export class InvalidThreadCountError extends ModularError {
  override readonly code = 'INVALID_THREAD_COUNT'

  constructor(
    /** The number that was asked for. */
    readonly threads: number,
    most: number,
  ) {
    super(`The option threads must be a whole number from 1 to ${most}, but is ${threads}.`)
  }
}
