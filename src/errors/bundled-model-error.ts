/** A model of this package that cannot be found. */
import { ModularError } from './modular-error'

/** There is no bundled model of that name, its files are missing, or its path was given as seen from another folder. */
export class BundledModelError extends ModularError {
  override readonly code = 'BUNDLED_MODEL'

  constructor(
    /** Name of the model, e.g. `emoji`. */
    readonly model: string,
    problem: string,
  ) {
    super(`${model}: ${problem}`)
  }
}
