/** Why a result store refuses a key, or fails. */
import { ModularError } from '../../src/errors/modular-error'

/** A key leads nowhere in a store. */
export class InvalidKeyError extends ModularError {
  override readonly code = 'INVALID_KEY'

  /** @param key - The key that was given. */
  constructor(readonly key: string) {
    super(
      `"${key}" is not a key of a result store. Pass names of letters, digits, ".", "_", "~" and "-", joined by "/".`,
    )
  }
}

/** A store cannot be read or written. */
export class ResultStoreError extends ModularError {
  override readonly code = 'RESULT_STORE'

  /** @param problem what is wrong, and what to do */
  constructor(problem: string, cause?: unknown) {
    super(`The result store cannot be used: ${problem}`, { cause })
  }
}
