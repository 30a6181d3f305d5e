/** A vocabulary of prompts that cannot be used. */
import { ModularError } from '../../src/errors/modular-error'

/** The `vocabulary.json` of a model cannot be read, or does not have the documented form. */
export class InvalidVocabularyError extends ModularError {
  override readonly code = 'INVALID_VOCABULARY'

  constructor(
    /** The file that was read. */
    readonly file: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${file}: ${problem}`, { cause })
  }
}
