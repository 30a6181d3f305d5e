/** A textual inversion that cannot be loaded for a pipeline, or used with it. */
import { ModularError } from '../../../src/errors/modular-error'

/** What is wrong. */
export type TextualInversionProblem =
  /** The file is not there, or the folder holds several. */
  | 'no-file'
  /** The file holds something else than vectors of one concept. */
  | 'not-an-embedding'
  /** Its vectors are for other text encoders: it was made for another base model. */
  | 'wrong-model'
  /** Values are NaN or infinite. */
  | 'non-finite'
  /** The word cannot be used: it is empty, or known to the tokenizer already. */
  | 'token'
  /** No textual inversion of that word is loaded. */
  | 'not-loaded'
  /** The tokenizer or the text encoder was replaced by one that does not fit after the file was loaded. */
  | 'replaced-component'

/** A textual inversion that does not fit, or that is damaged. Nothing has been changed then. */
export class TextualInversionError extends ModularError {
  override readonly code = 'TEXTUAL_INVERSION'

  constructor(
    /** The file; for a word that is not loaded, the word. */
    readonly source: string,
    /** The kind of problem. */
    readonly problem: TextualInversionProblem,
    detail: string,
  ) {
    super(`${source}: ${detail}`)
  }
}
