/** Options that exclude each other. */
import { ModularError } from './modular-error'
import { nameList } from './text'

/** A method was given options of which it takes one alone. */
export class ConflictingOptionsError extends ModularError {
  override readonly code = 'CONFLICTING_OPTIONS'

  constructor(
    method: string,
    /** The options that were given together. */
    readonly options: readonly string[],
    advice: string,
  ) {
    super(`${method} got ${nameList(options)}: pass one of them, not both. ${advice}`)
  }
}
