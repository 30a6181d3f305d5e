/** Compares a tokenizer with its text encoder: tokens may have been added to one of them alone. */
import {
  CLIPTextModel,
  CLIPTextModelWithProjection,
  CLIPTokenizer,
  hasEmbedding,
  type ModuleHook,
  TokenWithoutEmbeddingError,
} from '../../components'
import { type ComponentOptions, emitWarningOnce, printableName, shownNames } from '../../src'

/** A tokenizer, and the text encoder that it was made for. */
export interface TextModels {
  readonly tokenizer: CLIPTokenizer
  readonly textEncoder: CLIPTextModel | CLIPTextModelWithProjection
  /** What adapters change in the text encoder. */
  readonly hooks?: readonly ModuleHook[] | undefined
}

/**
 * How blocks ask for a tokenizer: one that is loaded is compared with its text encoder.
 *
 * @param textEncoder - name of that component
 */
export function tokenizerOptionsFor(textEncoder: string): ComponentOptions {
  return {
    description: 'Splits the prompt into tokens.',
    afterLoad: (tokenizer: CLIPTokenizer, source, peek) => warnOfTokens(tokenizer, peek(textEncoder), source),
  }
}

/**
 * How blocks ask for a text encoder: one that is loaded is compared with its tokenizer.
 *
 * @param tokenizer - name of that component
 */
export function textEncoderOptionsFor(tokenizer: string): ComponentOptions {
  return {
    description: 'Embeds the tokens.',
    afterLoad: (textEncoder: TextModels['textEncoder'], source, peek) =>
      warnOfTokens(peek(tokenizer), textEncoder, source),
  }
}

export const tokenizerOptions = tokenizerOptionsFor('textEncoder')

export const textEncoderOptions = textEncoderOptionsFor('tokenizer')

/** Warns of tokens that no prompt should hold. Whichever of the two is loaded last finds the other. */
function warnOfTokens(tokenizer: unknown, textEncoder: unknown, source: string): void {
  const isEncoder = textEncoder instanceof CLIPTextModel || textEncoder instanceof CLIPTextModelWithProjection
  if (!(tokenizer instanceof CLIPTokenizer) || !isEncoder) return
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
  { tokenizer, textEncoder, hooks }: TextModels,
  path: readonly string[],
): void {
  const { vocabSize } = textEncoder.config
  for (const row of inputIds) {
    const id = row.find(id => !hasEmbedding(id, { vocabSize, hooks }))
    if (id === undefined) continue
    const token = tokenizer.tokensFrom(vocabSize).find(other => other.id === id)?.token ?? ''
    throw new TokenWithoutEmbeddingError(path, token, id, vocabSize)
  }
}
