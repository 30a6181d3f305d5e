/** Random numbers that cannot be drawn. */
import { ModularError } from '../../src/errors/modular-error'

/** The shape or the bounds of a draw make no sense, or there are not as many generators as batch elements. */
export class InvalidDrawError extends ModularError {
  override readonly code = 'INVALID_DRAW'
}
