/** A seed that no generator can start from. */
import { ModularError } from '../../src/errors/modular-error'
import { VALID_SEED } from '../../src/params/seed'

/** A seed is fractional, not finite, or takes more than 64 bits. */
export class InvalidSeedError extends ModularError {
  override readonly code = 'INVALID_SEED'

  constructor(
    /** What was given. */
    readonly seed: unknown,
  ) {
    super(
      `A seed must be ${VALID_SEED}, given as a bigint beyond ±${Number.MAX_SAFE_INTEGER}, but is ` +
        `${typeof seed === 'bigint' ? `${seed}n` : String(seed)}.`,
    )
  }
}
