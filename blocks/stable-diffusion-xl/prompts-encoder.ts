/** Turns prompts into the embeddings of both text encoders. Counterpart: StableDiffusionXLPipeline.encode_prompt of diffusers. */
import {
  type Adapters,
  type CLIPTextModel,
  type CLIPTextModelWithProjection,
  type CLIPTokenizer,
  tf,
} from '../../components'
import { IncompatibleComponentsError, type RunContext } from '../../src'
import { TextsEncoder } from '../steps/encode-texts'
import type { PromptSyntax } from '../steps/prompt-syntax'
import { PromptWarnings } from '../steps/prompt-warnings'
import type { CrossAttentionKwargs } from '../steps/schemas'
import type { FirstPromptName, PromptName } from '../steps/text-chunks'
import type { TextModels } from '../steps/tokens-without-embedding'
import { type EmbeddedTextsXL, textEmbedderXL } from './embed-texts'

/** The components that embed texts. A refiner has the second ones alone. */
export interface TextEncoders {
  readonly tokenizer: CLIPTokenizer | undefined
  readonly textEncoder: CLIPTextModel | undefined
  readonly tokenizer2: CLIPTokenizer
  readonly textEncoder2: CLIPTextModelWithProjection
  /** What is put on top of the text encoders, and settings for it. */
  readonly adapters: Adapters
  readonly crossAttentionKwargs: CrossAttentionKwargs
  readonly promptSyntax: PromptSyntax
}

/** What conditions the denoiser. */
export interface PromptEmbeds {
  /** `[prompts, tokens, channels]`: the embeddings of both text encoders side by side. */
  readonly embeds: tf.Tensor3D
  /** `[prompts, pooledChannels]`: the pooled output of the second text encoder. */
  readonly pooled: tf.Tensor2D
}

/** The texts for both text encoders: one for all prompts, or one for each. */
export interface PromptTexts {
  /** What the texts are, for warnings: `prompt`. */
  readonly what: FirstPromptName
  readonly texts: readonly string[]
  /** Those for the second text encoder. */
  readonly texts2: readonly string[]
  /** How many prompts there are. */
  readonly count: number
  /** How many chunks of the text encoders the embeddings are long at least. */
  readonly chunks: number
}

/** One text encoder, as a run uses it. */
interface Encoder {
  readonly texts: TextsEncoder
  readonly encode: (what: PromptName, texts: readonly string[], options: EncodeOptions) => Promise<EmbeddedTextsXL>
}

interface EncodeOptions {
  readonly times: number
  readonly chunks: number
  readonly clipSkip: number
}

/** Names the texts for the second text encoder: as the first ones, if they are the same. */
function nameOfSecond(what: FirstPromptName, texts: readonly string[], texts2: readonly string[]): PromptName {
  const areSame = texts2.length === texts.length && texts2.every((text, i) => text === texts[i])
  return areSame ? what : `second ${what}`
}

/** Encodes the prompts of one run. */
export class PromptsEncoder {
  private readonly warnings: PromptWarnings
  private readonly encoders = new Map<string, Encoder>()

  constructor(
    private readonly models: TextEncoders,
    private readonly context: RunContext,
  ) {
    const { tokenizer, textEncoder } = models
    this.warnings = new PromptWarnings(context)
    if ((tokenizer === undefined) === (textEncoder === undefined)) return
    const [there, missing] = tokenizer ? ['tokenizer', 'textEncoder'] : ['textEncoder', 'tokenizer']
    const problem = `the pipeline has the component "${there}" and lacks "${missing}". Load both, or leave both out, as a refiner does.`
    throw new IncompatibleComponentsError(context.path, ['tokenizer', 'textEncoder'], problem)
  }

  /** Whether there are two text encoders. */
  get isPair(): boolean {
    return this.models.textEncoder !== undefined
  }

  /** The encoder of the first texts, where there are two. */
  private get first(): Encoder | undefined {
    const { tokenizer, textEncoder } = this.models
    return tokenizer && textEncoder && this.encoderOf('textEncoder', { tokenizer, textEncoder })
  }

  private get second(): Encoder {
    const { tokenizer2: tokenizer, textEncoder2: textEncoder } = this.models
    return this.encoderOf('textEncoder2', { tokenizer, textEncoder })
  }

  /** Warns of prompts without a word. */
  warnOfEmpty(prompts: readonly string[]): void {
    this.second.texts.warnOfEmpty(prompts)
  }

  /**
   * Returns how many chunks of a text encoder the longest of some texts takes, as {@link encode} hands them out.
   *
   * @throws InputTypeError for a text that cannot be read
   */
  async countChunks(what: FirstPromptName, texts: readonly string[], texts2: readonly string[]): Promise<number> {
    const { first, second } = this
    if (first === undefined) return second.texts.countChunks(what, texts)
    const what2 = nameOfSecond(what, texts, texts2)
    return Math.max(await first.texts.countChunks(what, texts), await second.texts.countChunks(what2, texts2))
  }

  /** How many chunks of the text encoders such embeddings are long. */
  chunksOf(embeds: tf.Tensor3D): number {
    return this.second.texts.chunksOf(embeds)
  }

  /**
   * Returns embeddings with a row for each prompt. As in the reference, a single text encoder gets the first texts, not those for the second.
   *
   * @param clipSkip - how many of the last layers to leave out, beside the very last one
   * @throws TokenWithoutEmbeddingError, IncompatibleComponentsError; InputTypeError if `clipSkip` leaves no layer, or for a text that cannot be read
   */
  async encode({ what, texts, texts2, count, chunks: least }: PromptTexts, clipSkip = 0): Promise<PromptEmbeds> {
    const { first: firstEncoder, second: secondEncoder } = this
    // Both are of one length.
    const chunks = Math.max(least, await this.countChunks(what, texts, texts2))
    const optionsFor = (list: readonly string[]) => ({ times: count / list.length, chunks, clipSkip })
    if (firstEncoder === undefined) return secondEncoder.encode(what, texts, optionsFor(texts))
    const first = await firstEncoder.encode(what, texts, optionsFor(texts))
    const second = await secondEncoder.encode(nameOfSecond(what, texts, texts2), texts2, optionsFor(texts2))
    this.requireSameTokens(first.embeds, second.embeds)
    const embeds = tf.concat([first.embeds, second.embeds], 2)
    tf.dispose([first, second.embeds])
    return { embeds, pooled: second.pooled }
  }

  private encoderOf(name: 'textEncoder' | 'textEncoder2', models: TextModels): Encoder {
    const made = this.encoders.get(name)
    if (made) return made
    const { context, warnings } = this
    const { adapters, crossAttentionKwargs, promptSyntax: syntax } = this.models
    const hooks = adapters.hooksFor(name, models.textEncoder, crossAttentionKwargs)
    const known = { ...models, hooks, tokenizer: adapters.tokenizerFor(name, models.tokenizer) }
    const texts = new TextsEncoder(known, context, { syntax, warnings })
    const encoder: Encoder = {
      texts,
      encode: (what, list, { clipSkip, ...options }) =>
        texts.encode(what, list, {
          ...options,
          embed: textEmbedderXL(models.textEncoder, { clipSkip, hooks }, context),
        }),
    }
    this.encoders.set(name, encoder)
    return encoder
  }

  private requireSameTokens({ shape: [, tokens] }: tf.Tensor3D, { shape: [, tokens2] }: tf.Tensor3D): void {
    if (tokens === tokens2) return
    const problem = `the first one makes ${tokens} tokens of a prompt, and the second one ${tokens2}. Their model_max_length must be the same.`
    throw new IncompatibleComponentsError(this.context.path, ['tokenizer', 'tokenizer2'], problem)
  }
}
