/** Compares a tokenizer with its text encoder: tokens may have been added to one of them alone. */
import { CLIPTextModel, CLIPTokenizer, TokenWithoutEmbeddingError } from '../../components'
import type { ComponentOptions } from '../../src'
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { printableName } from '../../src/errors/printable'
import { shownNames } from '../../src/errors/text'

/** How the blocks of the family ask for a tokenizer: one that is loaded is compared with the text encoder. */
export const tokenizerOptions: ComponentOptions = {
  description: 'Splits the prompt into tokens.',
  afterLoad: (tokenizer: CLIPTokenizer, source, peek) => warnOfTokens(tokenizer, peek('textEncoder'), source),
}

/** How the blocks of the family ask for a text encoder: one that is loaded is compared with the tokenizer. */
export const textEncoderOptions: ComponentOptions = {
  description: 'Embeds the tokens.',
  afterLoad: (textEncoder: CLIPTextModel, source, peek) => warnOfTokens(peek('tokenizer'), textEncoder, source),
}

/** Warns of tokens that no prompt should hold. Whichever of the two is loaded last finds the other. */
function warnOfTokens(tokenizer: unknown, textEncoder: unknown, source: string): void {
  if (!(tokenizer instanceof CLIPTokenizer) || !(textEncoder instanceof CLIPTextModel)) return
  const { vocabSize } = textEncoder.config
  const names = tokenizer.tokensFrom(vocabSize).map(({ token, id }) => `${printableName(token)} (${id})`)
  if (names.length === 0) return
  emitWarningOnce(
    'TOKENS_WITHOUT_EMBEDDING',
    `${source}: the text encoder has embeddings for ${vocabSize} tokens, and the tokenizer has more: ${shownNames(names)}. A prompt that holds one of them ` +
      'fails. Resize the text encoder in Python with resize_token_embeddings() and save it again.',
  )
}

/**
 * Makes sure that every token of a prompt has an embedding.
 *
 * @throws TokenWithoutEmbeddingError
 */
export function requireEmbeddings(
  inputIds: readonly (readonly number[])[],
  { tokenizer, textEncoder }: { tokenizer: CLIPTokenizer; textEncoder: CLIPTextModel },
  path: readonly string[],
): void {
  const { vocabSize } = textEncoder.config
  for (const row of inputIds) {
    const id = row.find(id => id >= vocabSize)
    if (id === undefined) continue
    const token = tokenizer.tokensFrom(vocabSize).find(other => other.id === id)?.token ?? ''
    throw new TokenWithoutEmbeddingError(path, token, id, vocabSize)
  }
}
