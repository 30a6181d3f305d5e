/** A token that the tokenizer knows and the text encoder does not. */
import { ModularError } from '../../src/errors/modular-error'
import { printableName } from '../../src/errors/printable'
import { pathText } from '../../src/errors/text'

/** A prompt holds a token for which the text encoder has no embedding. */
export class TokenWithoutEmbeddingError extends ModularError {
  override readonly code = 'TOKEN_WITHOUT_EMBEDDING'

  constructor(
    path: readonly string[],
    /** The token's text, as the tokenizer spells it. */
    readonly token: string,
    /** Id of the token. */
    readonly tokenId: number,
    /** How many tokens the text encoder has embeddings for. */
    readonly vocabSize: number,
  ) {
    super(
      `${pathText(path)}: the prompt holds the token "${printableName(token)}" with the id ${tokenId}, and the text encoder has embeddings for ${vocabSize} tokens ` +
        '(vocab_size). Leave the token out of the prompt, or resize the text encoder in Python with resize_token_embeddings() and save it again.',
      { path },
    )
  }
}
