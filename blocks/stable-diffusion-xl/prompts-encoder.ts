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
import type { CrossAttentionKwargs } from '../steps/schemas'
import type { TextModels } from '../steps/tokens-without-embedding'
import { textEmbedderXL } from './embed-texts'

/** The components that embed texts. A refiner has the second ones alone. */
export interface TextEncoders {
  readonly tokenizer: CLIPTokenizer | undefined
  readonly textEncoder: CLIPTextModel | undefined
  readonly tokenizer2: CLIPTokenizer
  readonly textEncoder2: CLIPTextModelWithProjection
  /** What is put on top of the text encoders, and settings for it. */
  readonly adapters: Adapters
  readonly crossAttentionKwargs: CrossAttentionKwargs
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
  readonly what: string
  readonly texts: readonly string[]
  /** Those for the second text encoder. */
  readonly texts2: readonly string[]
  /** How many prompts there are. */
  readonly count: number
}

/** Encodes the prompts of one run. */
export class PromptsEncoder {
  private readonly warned = new Set<string>()

  constructor(
    private readonly models: TextEncoders,
    private readonly context: RunContext,
  ) {
    const { tokenizer, textEncoder } = models
    if ((tokenizer === undefined) === (textEncoder === undefined)) return
    const [there, missing] = tokenizer ? ['tokenizer', 'textEncoder'] : ['textEncoder', 'tokenizer']
    const problem = `the pipeline has the component "${there}" and lacks "${missing}". Load both, or leave both out, as a refiner does.`
    throw new IncompatibleComponentsError(context.path, ['tokenizer', 'textEncoder'], problem)
  }

  /** Whether there are two text encoders. */
  get isPair(): boolean {
    return this.models.textEncoder !== undefined
  }

  /** Warns of prompts without a word. */
  warnOfEmpty(prompts: readonly string[]): void {
    const { tokenizer2: tokenizer, textEncoder2: textEncoder } = this.models
    new TextsEncoder({ tokenizer, textEncoder }, this.context, this.warned).warnOfEmpty(prompts)
  }

  /**
   * Returns embeddings with a row for each prompt. As in the reference, a single text encoder gets the first texts, not those for the second.
   *
   * @param clipSkip - how many of the last layers to leave out, beside the very last one
   * @throws TokenWithoutEmbeddingError, IncompatibleComponentsError; InputTypeError if `clipSkip` leaves no layer
   */
  async encode({ what, texts, texts2, count }: PromptTexts, clipSkip = 0): Promise<PromptEmbeds> {
    const { tokenizer, textEncoder, tokenizer2, textEncoder2 } = this.models
    const { adapters, crossAttentionKwargs } = this.models
    const encodeBy = (name: 'textEncoder' | 'textEncoder2', models: TextModels, list: readonly string[]) => {
      const hooks = adapters.hooksFor(name, models.textEncoder, crossAttentionKwargs)
      const known = { ...models, hooks, tokenizer: adapters.tokenizerFor(name, models.tokenizer) }
      return new TextsEncoder(known, this.context, this.warned).encode(what, list, {
        times: count / list.length,
        embed: textEmbedderXL(models.textEncoder, { clipSkip, hooks }, this.context),
      })
    }
    const encodeBySecond = (list: readonly string[]) =>
      encodeBy('textEncoder2', { tokenizer: tokenizer2, textEncoder: textEncoder2 }, list)
    if (tokenizer === undefined || textEncoder === undefined) return encodeBySecond(texts)
    const first = await encodeBy('textEncoder', { tokenizer, textEncoder }, texts)
    const second = await encodeBySecond(texts2)
    this.requireSameTokens(first.embeds, second.embeds)
    const embeds = tf.concat([first.embeds, second.embeds], 2)
    tf.dispose([first, second.embeds])
    return { embeds, pooled: second.pooled }
  }

  private requireSameTokens({ shape: [, tokens] }: tf.Tensor3D, { shape: [, tokens2] }: tf.Tensor3D): void {
    if (tokens === tokens2) return
    const problem = `the first one makes ${tokens} tokens of a prompt, and the second one ${tokens2}. Their model_max_length must be the same.`
    throw new IncompatibleComponentsError(this.context.path, ['tokenizer', 'tokenizer2'], problem)
  }
}
