/** A length that no row of tokens can have. */
import { ModularError } from '../../src/errors/modular-error'

/** `maxLength` is not a whole number, or leaves no room for the special tokens. */
export class InvalidMaxLengthError extends ModularError {
  override readonly code = 'INVALID_MAX_LENGTH'

  constructor(
    /** The length that was asked for. */
    readonly maxLength: number,
    smallest: number,
  ) {
    super(`The tokenizer's maxLength must be a whole number of at least ${smallest}, but is ${maxLength}.`)
  }
}
