/** Turns texts into embeddings. Counterpart: encode_prompt of diffusers' pipelines. */
import { type CLIPTextInputs, tf } from '../../components'
import type { RunContext } from '../../src'
import { PlainPrompts } from './plain-prompts'
import type { PromptSyntax } from './prompt-syntax'
import { PromptWarnings } from './prompt-warnings'
import { RepeatedRows, type TextEmbeds } from './repeated-rows'
import type { PromptName, PromptReader, TextChunk } from './text-chunks'
import { requireEmbeddings, type TextModels } from './tokens-without-embedding'
import { weighEmbeds } from './weigh-embeds'
import { WeightedPrompts } from './weighted-prompts'

/** Texts that the text encoder gets at once. */
const MOST_AT_ONCE = 64

/** What a text encoder makes of texts: their embeddings `[texts, tokens, channels]`, and others with a row for each text. */
export type EncodedTexts = TextEmbeds & { readonly embeds: tf.Tensor3D }

/** How texts are encoded. */
export interface EncodeTextsOptions<E extends EncodedTexts> {
  /** How many copies of each text the result holds. */
  readonly times: number
  /** How many chunks the embeddings have at least. Texts that take fewer are followed by empty ones. Default: 1. */
  readonly chunks?: number | undefined
  /** Calls the text encoder with some of the texts. */
  readonly embed: (inputs: CLIPTextInputs) => Promise<E>
}

/** How a {@link TextsEncoder} reads texts. */
export interface TextsEncoderOptions {
  /** Default: `plain`. */
  readonly syntax?: PromptSyntax | undefined
  /** Those of other encoders for the same texts. */
  readonly warnings?: PromptWarnings | undefined
}

/** Encodes texts for one run. */
export class TextsEncoder {
  private readonly reader: PromptReader
  private readonly warnings: PromptWarnings

  constructor(
    private readonly models: TextModels,
    private readonly context: RunContext,
    { syntax = 'plain', warnings = new PromptWarnings(context) }: TextsEncoderOptions = {},
  ) {
    const { tokenizer } = models
    this.warnings = warnings
    this.reader =
      syntax === 'plain'
        ? new PlainPrompts(tokenizer, warnings, context.signal)
        : new WeightedPrompts(tokenizer, warnings, context)
  }

  /**
   * Returns how many chunks the longest of some texts takes.
   *
   * @param what - what the texts are, for errors: `prompt`
   * @throws InputTypeError for a text that cannot be read
   */
  countChunks(what: PromptName, prompts: readonly string[]): Promise<number> {
    return this.reader.countChunks(what, prompts)
  }

  /** Returns how many chunks such embeddings are long. */
  chunksOf({ shape: [, tokens] }: tf.Tensor3D): number {
    return tokens / this.models.tokenizer.modelMaxLength
  }

  /**
   * Returns what `embed` makes of the texts, with `times · texts` rows, the copies of a text together. Long lists are
   * encoded in batches. Truncated texts cause a warning.
   *
   * @param what - what the texts are, for warnings: `prompt`
   * @throws TokenWithoutEmbeddingError; InputTypeError for a text that cannot be read; what `embed` throws
   */
  async encode<E extends EncodedTexts>(
    what: PromptName,
    prompts: readonly string[],
    { times, chunks: least = 1, embed }: EncodeTextsOptions<E>,
  ): Promise<E> {
    const { reader, context } = this
    const rows = new RepeatedRows<E>(prompts.length, times, context.signal)
    const count = Math.max(least, await reader.countChunks(what, prompts))
    for (let begin = 0; begin < prompts.length; begin += MOST_AT_ONCE) {
      const parts: E[] = []
      for (const chunk of await reader.read(prompts.slice(begin, begin + MOST_AT_ONCE), count)) {
        parts.push(await this.embedChunk(chunk, embed))
      }
      await rows.add(joinChunks(parts), begin)
    }
    reader.warn(what, prompts)
    return rows.take()
  }

  /** Warns of prompts without a word. */
  warnOfEmpty(prompts: readonly string[]): void {
    this.warnings.warnOfEach('PROMPT_EMPTY', 'prompt', prompts, {
      problemOf: prompt => (prompt.trim() === '' ? 'is empty: the picture will show anything.' : undefined),
      more: 'are empty.',
    })
  }

  private async embedChunk<E extends EncodedTexts>(
    { ids, mask, weights }: TextChunk,
    embed: EncodeTextsOptions<E>['embed'],
  ): Promise<E> {
    const { models, context } = this
    requireEmbeddings(ids, models, context.path)
    const rows = (values: TextChunk['ids']) => tf.tensor2d(values as number[][], undefined, 'int32')
    const inputs = {
      inputIds: rows(ids),
      attentionMask: models.textEncoder.config.useAttentionMask ? rows(mask) : undefined,
    }
    const embedded = await embed(inputs)
    tf.dispose([inputs.inputIds, inputs.attentionMask])
    return weights === undefined ? embedded : { ...embedded, embeds: weighEmbeds(embedded.embeds, weights) }
  }
}

/** Concatenates the embeddings of several chunks. All other values are those of the first one. */
function joinChunks<E extends EncodedTexts>(parts: readonly E[]): E {
  const [first, ...others] = parts as [E, ...E[]]
  if (others.length === 0) return first
  const embeds = tf.concat(
    parts.map(part => part.embeds),
    1,
  )
  tf.dispose([first.embeds, others])
  return { ...first, embeds }
}
