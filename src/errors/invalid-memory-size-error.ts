/** An amount of memory that cannot be read. */
import { ModularError } from './modular-error'
import { kindOf } from './text'

/** A limit or a margin is no number of bytes and no text such as `3GB`. */
export class InvalidMemorySizeError extends ModularError {
  override readonly code = 'INVALID_MEMORY_SIZE'

  constructor(
    /** What the amount is for, e.g. `limit`. */
    readonly setting: string,
    value: unknown,
  ) {
    super(
      `${setting} must be a number of bytes from 0 up, or a text such as "3GB" or "512MiB", but is ${kindOf(value)}.`,
    )
  }
}
