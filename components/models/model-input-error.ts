/** A model is called with the wrong set of inputs. */
import { ModularError } from '../../src/errors/modular-error'

/** An input that this model needs is missing, or one is given that it does not use. */
export class ModelInputError extends ModularError {
  override readonly code = 'MODEL_INPUT'

  constructor(
    /** Name of the model's class. */
    readonly model: string,
    /** Name of the input. */
    readonly parameter: string,
    problem: string,
  ) {
    super(`${model}: "${parameter}" ${problem}.`)
  }
}
