/** A margin of memory that nobody can measure. */
import { ModularError } from './modular-error'

/** A device cannot say how much of its memory is free. */
export class UnknownFreeMemoryError extends ModularError {
  override readonly code = 'UNKNOWN_FREE_MEMORY'

  constructor(
    /** Class of the model that was to be loaded. */
    readonly model: string,
    /** What computes the model. */
    readonly device: string,
  ) {
    super(
      `${model} computes on ${device}, which does not report its free memory, so no margin can be kept free. ` +
        "Limit the bytes of weights instead: enableAutoCpuOffload({ limit: '8GB' }).",
    )
  }
}
