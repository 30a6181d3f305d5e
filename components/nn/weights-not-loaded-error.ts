/** A model is used before it has weights. */
import { ModularError } from '../../src/errors/modular-error'

/** A module was asked to compute although its weights were never loaded, or were disposed. */
export class WeightsNotLoadedError extends ModularError {
  override readonly code = 'WEIGHTS_NOT_LOADED'

  constructor(shape: readonly number[]) {
    super(
      `A weight of shape [${shape.join(', ')}] is not loaded: the model was made from its config alone, or was disposed. ` +
        'Load it with fromPretrained() or loadStateDict().',
    )
  }
}
