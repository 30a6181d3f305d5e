/** A limit on files of weights that is no size. */
import { ModularError } from '../../src/errors/modular-error'

/** `maxShardSize` is no number of bytes, and no text such as `5GB`. */
export class InvalidShardSizeError extends ModularError {
  override readonly code = 'INVALID_SHARD_SIZE'

  constructor(
    /** What was given. */
    readonly size: unknown,
  ) {
    super(
      `maxShardSize must be a number of bytes from 1 up, or a text such as "5GB", "500MB" or "2GiB", but is ${JSON.stringify(size)}.`,
    )
  }
}
