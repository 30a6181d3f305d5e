/** An amount of bytes that cannot be read. */
import { ModularError } from './modular-error'
import { kindOf } from './text'

/** A size, such as a limit or a margin, is neither a number of bytes nor a text such as `3GB`. */
export class InvalidByteSizeError extends ModularError {
  override readonly code = 'INVALID_BYTE_SIZE'

  constructor(
    /** What the amount is for, e.g. `limit` or `maxShardSize`. */
    readonly setting: string,
    least: number,
    value: unknown,
  ) {
    super(
      `${setting} must be a number of bytes from ${least} up, or a text such as "3GB" or "512MiB", but is ${kindOf(value)}.`,
    )
  }
}
