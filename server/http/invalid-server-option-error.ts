/** An option of a server makes no sense. */
import { ModularError } from '../../src'

/** Raised when a server is made or bound, before it answers anybody. */
export class InvalidServerOptionError extends ModularError {
  override readonly code = 'INVALID_SERVER_OPTION'

  constructor(
    /** Name of the option. */
    readonly option: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`The option "${option}" of the server is invalid: ${problem}`, { cause })
  }
}
