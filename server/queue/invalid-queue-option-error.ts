/** A queue that cannot be opened as it was asked for. */
import { ModularError } from '../../src/errors/modular-error'

/** A setting of a queue has a value that it cannot have, or that another setting excludes. */
export class InvalidQueueOptionError extends ModularError {
  override readonly code = 'INVALID_QUEUE_OPTION'

  constructor(
    /** Name of the option. */
    readonly option: string,
    expected: string,
  ) {
    super(`The option "${option}" of the queue is invalid: ${expected}`)
  }
}
