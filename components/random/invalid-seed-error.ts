/** A seed that no generator can start from. */
import { ModularError } from '../../src/errors/modular-error'

/** A seed is negative, fractional, not finite, or too large. */
export class InvalidSeedError extends ModularError {
  override readonly code = 'INVALID_SEED'

  constructor(
    /** What was given. */
    readonly seed: unknown,
  ) {
    super(
      `A seed must be a whole number from 0 to 2^64 - 1, given as a bigint from ${Number.MAX_SAFE_INTEGER} on, but is ` +
        `${typeof seed === 'bigint' ? `${seed}n` : String(seed)}.`,
    )
  }
}
