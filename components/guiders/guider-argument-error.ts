/** A guider is called in a way that it cannot follow. */
import { ModularError } from '../../src/errors/modular-error'

/** An argument of a guider's method is wrong. */
export class GuiderArgumentError extends ModularError {
  override readonly code = 'GUIDER_ARGUMENT'

  constructor(
    /** Name of the guider's class. */
    readonly guider: string,
    /** Name of the argument. */
    readonly argument: string,
    problem: string,
  ) {
    super(`${guider}: ${argument} ${problem}.`)
  }
}
