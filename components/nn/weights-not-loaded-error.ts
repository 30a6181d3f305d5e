/** A model is used before it has weights. */
import { ModularError } from '../../src/errors/modular-error'

/** A module was asked to compute although its weights were never loaded, or were disposed. */
export class WeightsNotLoadedError extends ModularError {
  override readonly code = 'WEIGHTS_NOT_LOADED'

  constructor(
    shape: readonly number[],
    /** The weight and the model that it is of, where they are known. */
    readonly place?: { readonly weight: string; readonly model: string },
  ) {
    const what = place === undefined ? 'A weight' : `The weight "${place.weight}" of ${place.model},`
    super(
      `${what} of shape [${shape.join(', ')}] is not loaded: the model was created from its config without weights, or was disposed. ` +
        'Load it with fromPretrained() or loadStateDict().',
    )
  }
}
