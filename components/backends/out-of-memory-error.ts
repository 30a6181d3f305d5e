/** A backend whose memory is full. */
import { ModularError } from '../../src/errors/modular-error'

/** A tensor does not fit into what is left of the backend's memory. */
export class OutOfMemoryError extends ModularError {
  override readonly code = 'OUT_OF_MEMORY'

  constructor(
    /** Bytes that the tensor needs. */
    readonly bytes: number,
    limit: string,
  ) {
    const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`
    super(
      `There is not enough memory for a tensor of ${size}: ${limit}. Use a smaller picture or batch, or another backend.`,
    )
  }
}
