/** A hook does not fit the model. */
import { ModularError } from '../../../src/errors/modular-error'

/** There is no such part in a model, or it cannot do what a hook asks of it. */
export class ModelHookError extends ModularError {
  override readonly code = 'MODEL_HOOK'

  constructor(
    /** Class of the model. */
    readonly model: string,
    /** State-dict name of the part that was asked for. */
    readonly module: string,
    problem: string,
  ) {
    super(`${model}: ${module} ${problem}.`)
  }
}
