/** A tokenizer folder whose files cannot be used. */
import { ModularError } from '../../src/errors/modular-error'

/** The vocabulary, the merges or the settings of a tokenizer are malformed, or belong to a tokenizer of another class. */
export class InvalidTokenizerError extends ModularError {
  override readonly code = 'INVALID_TOKENIZER'

  constructor(
    /** The folder or file that was read. */
    readonly file: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${file}: ${problem}`, { cause })
  }
}
