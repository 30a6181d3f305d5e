/** A step needs random numbers and has nowhere to draw them from. */
import { ModularError } from '../../src/errors/modular-error'

/** A stochastic step has neither a generator nor ready noise. */
export class MissingGeneratorError extends ModularError {
  override readonly code = 'MISSING_GENERATOR'

  constructor(
    /** Name of the scheduler's class. */
    readonly scheduler: string,
  ) {
    super(`${scheduler}: this step adds noise: pass a generator (or varianceNoise, the noise itself) to step().`)
  }
}
