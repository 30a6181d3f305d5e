/** Takes embeddings in place of a prompt. Counterpart: the inputs prompt_embeds and pooled_prompt_embeds of StableDiffusionXLPipeline in diffusers. */
import type { tf } from '../../components'
import { Block, type InOut, Input, InputTypeError, MissingInputError, Output, type RunCost } from '../../src'
import { warnOfNoComparison } from '../steps/negative-prompts'
import { refuseBoth } from '../steps/texts'
import { type PromptEmbeds, PromptsEncoder } from './prompts-encoder'
import { embedsOutputs, pooledPromptsSchema, promptsSchema } from './schemas'
import { stableDiffusionXL } from './stable-diffusion-xl'
import { StableDiffusionXLTextStep } from './text-step'

/** The inputs that stand for texts, each with its pooled twin. */
const TWINS = {
  promptEmbeds: 'pooledPromptEmbeds',
  pooledPromptEmbeds: 'promptEmbeds',
  negativePromptEmbeds: 'negativePooledPromptEmbeds',
  negativePooledPromptEmbeds: 'negativePromptEmbeds',
} as const

/**
 * Takes embeddings with their pooled twins. What is not given as embeddings is encoded: the negative prompt beside `promptEmbeds`, or the prompt beside
 * `negativePromptEmbeds`.
 */
@Block({ ...stableDiffusionXL, description: 'Takes the embeddings of prompts in place of the prompts.' })
export class StableDiffusionXLUsePromptEmbeds extends StableDiffusionXLTextStep {
  static override readonly className: string = 'StableDiffusionXLUsePromptEmbeds'

  /** Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`. */
  @Input(
    promptsSchema.optional().describe('Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`.'),
  )
  @Output(embedsOutputs.promptEmbeds)
  promptEmbeds!: InOut<tf.Tensor3D | undefined>

  /** Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`. */
  @Input(
    promptsSchema
      .optional()
      .describe(
        'Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`.',
      ),
  )
  @Output(embedsOutputs.negativePromptEmbeds)
  negativePromptEmbeds!: InOut<tf.Tensor3D | undefined>

  /** Pooled embeddings of the prompts `[prompts, pooledChannels]`, which belong to `promptEmbeds`. */
  @Input(
    pooledPromptsSchema
      .optional()
      .describe('Pooled embeddings of the prompts `[prompts, pooledChannels]`, which belong to `promptEmbeds`.'),
  )
  @Output(embedsOutputs.pooledPromptEmbeds)
  pooledPromptEmbeds!: InOut<tf.Tensor2D | undefined>

  /** Pooled embeddings of the negative prompts, which belong to `negativePromptEmbeds`. */
  @Input(
    pooledPromptsSchema
      .optional()
      .describe('Pooled embeddings of the negative prompts, which belong to `negativePromptEmbeds`.'),
  )
  @Output(embedsOutputs.negativePooledPromptEmbeds)
  negativePooledPromptEmbeds!: InOut<tf.Tensor2D | undefined>

  override estimateCost(): RunCost {
    const { promptEmbeds, prompt, numImagesPerPrompt } = this
    return {
      images: (promptEmbeds?.shape[0] ?? [prompt ?? []].flat().length) * numImagesPerPrompt,
      tokens: promptEmbeds?.shape[1],
    }
  }

  async run(): Promise<void> {
    const { context } = this
    this.requireTwins()
    for (const text of ['prompt', 'prompt2'] as const) refuseBoth(this, text, 'promptEmbeds', context.path)
    for (const text of ['negativePrompt', 'negativePrompt2'] as const) {
      refuseBoth(this, text, 'negativePromptEmbeds', context.path)
    }
    const encoder = new PromptsEncoder(this, context)
    const positive = await this.positiveEmbeds(encoder)
    const negative = await this.negativeEmbeds(encoder, positive)
    this.batchSize = positive.embeds.shape[0] * this.numImagesPerPrompt
    this.promptEmbeds = positive.embeds
    this.pooledPromptEmbeds = positive.pooled
    this.negativePromptEmbeds = negative?.embeds
    this.negativePooledPromptEmbeds = negative?.pooled
  }

  private async positiveEmbeds(encoder: PromptsEncoder): Promise<PromptEmbeds> {
    const { promptEmbeds, pooledPromptEmbeds, prompt, context } = this
    if (promptEmbeds && pooledPromptEmbeds) return { embeds: promptEmbeds.clone(), pooled: pooledPromptEmbeds.clone() }
    if (prompt === undefined) {
      throw new MissingInputError({ path: context.path, input: 'prompt', available: ['negativePromptEmbeds'] })
    }
    const { negativePromptEmbeds } = this
    const chunks = negativePromptEmbeds ? encoder.chunksOf(negativePromptEmbeds) : 1
    return this.encodeTexts([prompt].flat(), chunks, encoder)
  }

  private async negativeEmbeds(encoder: PromptsEncoder, positive: PromptEmbeds): Promise<PromptEmbeds | undefined> {
    const { negativePromptEmbeds: embeds, negativePooledPromptEmbeds: pooled, guider, context } = this
    if (embeds === undefined || pooled === undefined) {
      const negative = await this.encodeNegativeTexts(positive, encoder)
      this.requireTokens(negative, positive)
      return negative
    }
    if (guider.numConditions > 1) return { embeds: embeds.clone(), pooled: pooled.clone() }
    warnOfNoComparison(context)
    return undefined
  }

  /** Refuses embeddings of another length than a text encoder makes, if none exist to compare with. */
  private requireTokens(negative: PromptEmbeds | undefined, { embeds }: PromptEmbeds): void {
    if (negative === undefined || negative.embeds.shape.join() === embeds.shape.join()) return
    const expected = `the text encoders make embeddings of [${negative.embeds.shape.join(', ')}] for the negative prompt. Pass negativePromptEmbeds too`
    throw new InputTypeError({ path: this.context.path, input: 'promptEmbeds', expected, value: embeds })
  }

  /** @throws MissingInputError for embeddings without their pooled twin, and the other way round */
  private requireTwins(): void {
    for (const [given, input] of Object.entries(TWINS)) {
      if (this[given as keyof typeof TWINS] === undefined || this[input] !== undefined) continue
      throw new MissingInputError({ path: this.context.path, input, available: [given] })
    }
  }
}
