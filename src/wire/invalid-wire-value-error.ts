/** A value that was sent cannot be read, or one that is to be sent cannot be written. */
import { ModularError } from '../errors/modular-error'
import { printableName } from '../errors/printable'

/** A value that has no form in JSON, or whose form is damaged. */
export class InvalidWireValueError extends ModularError {
  override readonly code = 'INVALID_WIRE_VALUE'

  constructor(
    /** Where it is: names and indices, from the outermost inward. */
    readonly place: readonly (string | number)[],
    /** What is wrong, without the place. */
    readonly problem: string,
    cause?: unknown,
  ) {
    super(`"${printableName(place.join('.'))}": ${problem}`, { cause })
  }
}
