/** Takes embeddings in place of a prompt. Counterpart: the inputs prompt_embeds and pooled_prompt_embeds of StableDiffusionXLPipeline in diffusers. */
import { z } from 'zod'
import { BaseGuidance, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer, type tf } from '../../components'
import {
  Block,
  Component,
  Config,
  type In,
  type InOut,
  Input,
  InputTypeError,
  MissingInputError,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunCost,
} from '../../src'
import { guiderOptions } from '../steps/guider-options'
import { warnOfNoComparison } from '../steps/negative-prompts'
import { textsSchema } from '../steps/schemas'
import { negativeEmbedsFor, secondTexts } from './negative-embeds'
import { type PromptEmbeds, PromptsEncoder } from './prompts-encoder'
import { negativeOutput, pooledPromptsSchema, promptsSchema } from './schemas'
import { stableDiffusionXL } from './stable-diffusion-xl'
import {
  clipSkipSchema,
  firstTextEncoder,
  firstTokenizer,
  forceZerosSchema,
  imagesPerPromptSchema,
  negativePrompt2Schema,
  negativePromptSchema,
  prompt2Schema,
  secondTextEncoder,
  secondTokenizer,
} from './text-inputs'

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
export class StableDiffusionXLUsePromptEmbeds extends ModularPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLUsePromptEmbeds'

  @Component(CLIPTextModel, firstTextEncoder)
  textEncoder!: CLIPTextModel | undefined

  @Component(CLIPTextModelWithProjection, secondTextEncoder)
  textEncoder2!: CLIPTextModelWithProjection

  @Component(CLIPTokenizer, firstTokenizer)
  tokenizer!: CLIPTokenizer | undefined

  @Component(CLIPTokenizer, secondTokenizer)
  tokenizer2!: CLIPTokenizer

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  @Config(forceZerosSchema)
  forceZerosForEmptyPrompt!: boolean

  /** What the picture should show, unless `promptEmbeds` say so. */
  @Input(textsSchema.optional().describe('What the picture should show, unless `promptEmbeds` say so.'))
  prompt!: In<string | string[] | undefined>

  /** What the second text encoder gets; by default the same as the first. */
  @Input(prompt2Schema)
  prompt2!: In<string | string[] | undefined>

  /** What the picture should not show: one text, or one for each prompt. Without it, the model may compare with zeros, which differs from an empty text. */
  @Input(negativePromptSchema)
  negativePrompt!: In<string | string[] | undefined>

  /** What the second text encoder gets for the negative prompt; by default the same as the first. */
  @Input(negativePrompt2Schema)
  negativePrompt2!: In<string | string[] | undefined>

  /** How many pictures to make of each prompt. */
  @Input(imagesPerPromptSchema)
  numImagesPerPrompt!: In<number>

  /** How many of the last layers of the text encoders to leave out, beside the very last one. As in the reference, this is for the prompt alone. */
  @Input(clipSkipSchema)
  clipSkip!: In<number | undefined>

  /** Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`. */
  @Input(
    promptsSchema.optional().describe('Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`.'),
  )
  @Output({ schema: promptsSchema, kwargsType: 'denoiserInputFields', description: 'The encoded prompts.' })
  promptEmbeds!: InOut<tf.Tensor3D | undefined>

  /** Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`. */
  @Input(
    promptsSchema
      .optional()
      .describe(
        'Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`.',
      ),
  )
  @Output({ ...negativeOutput, description: 'The encoded negative prompts, if the guider compares with them.' })
  negativePromptEmbeds!: InOut<tf.Tensor3D | undefined>

  /** Pooled embeddings of the prompts `[prompts, pooledChannels]`, which belong to `promptEmbeds`. */
  @Input(
    pooledPromptsSchema
      .optional()
      .describe('Pooled embeddings of the prompts `[prompts, pooledChannels]`, which belong to `promptEmbeds`.'),
  )
  @Output({
    schema: pooledPromptsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'The prompts, each encoded as a whole.',
  })
  pooledPromptEmbeds!: InOut<tf.Tensor2D | undefined>

  /** Pooled embeddings of the negative prompts, which belong to `negativePromptEmbeds`. */
  @Input(
    pooledPromptsSchema
      .optional()
      .describe('Pooled embeddings of the negative prompts, which belong to `negativePromptEmbeds`.'),
  )
  @Output({
    ...negativeOutput,
    description: 'The negative prompts, each encoded as a whole, if the guider compares with them.',
  })
  negativePooledPromptEmbeds!: InOut<tf.Tensor2D | undefined>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

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
    this.refuseBoth('prompt', 'promptEmbeds')
    this.refuseBoth('prompt2', 'promptEmbeds')
    this.refuseBoth('negativePrompt', 'negativePromptEmbeds')
    this.refuseBoth('negativePrompt2', 'negativePromptEmbeds')
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
    const texts = [prompt].flat()
    const count = texts.length
    encoder.warnOfEmpty(texts)
    const texts2 = secondTexts('prompt2', this.prompt2, { texts, count, encoder, context })
    return encoder.encode({ what: 'prompt', texts, texts2, count }, this.clipSkip)
  }

  private async negativeEmbeds(encoder: PromptsEncoder, positive: PromptEmbeds): Promise<PromptEmbeds | undefined> {
    const { negativePromptEmbeds: embeds, negativePooledPromptEmbeds: pooled, guider, context } = this
    if (embeds === undefined || pooled === undefined) {
      const negative = await negativeEmbedsFor(this, positive, encoder, context)
      this.requireTokens(negative, positive)
      return negative
    }
    if (guider.numConditions > 1) return { embeds: embeds.clone(), pooled: pooled.clone() }
    warnOfNoComparison(context)
    return undefined
  }

  /** Refuses embeddings of another length than a text encoder makes, if there are none to compare with. */
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

  /** @throws InputTypeError if a text is given and its embeddings too */
  private refuseBoth(
    text: 'prompt' | 'prompt2' | 'negativePrompt' | 'negativePrompt2',
    embeds: 'promptEmbeds' | 'negativePromptEmbeds',
  ): void {
    if (this[text] === undefined || this[embeds] === undefined) return
    const expected = `"${embeds}" is given too. Pass one of the two`
    throw new InputTypeError({ path: this.context.path, input: text, expected, value: this[text] })
  }
}
