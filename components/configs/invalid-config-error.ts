/** Settings that cannot be used. */
import { ModularError } from '../../src/errors/modular-error'

/** A configuration is not a JSON object, or one of its values is missing, unknown or out of range. */
export class InvalidConfigError extends ModularError {
  override readonly code = 'INVALID_CONFIG'

  constructor(
    /** The file that was read, or the class whose settings they are. */
    readonly source: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${source}: ${problem}`, { cause })
  }
}
