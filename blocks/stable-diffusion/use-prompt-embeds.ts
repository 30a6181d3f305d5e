/** Takes embeddings in place of a prompt. Counterpart: the inputs prompt_embeds and negative_prompt_embeds of StableDiffusionPipeline in diffusers. */
import { z } from 'zod'
import { BaseGuidance, CLIPTextModel, CLIPTokenizer, repeatRows, tensor, type tf } from '../../components'
import {
  Block,
  Component,
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
import { TextsEncoder } from '../steps/encode-texts'
import { guiderOptions } from '../steps/guider-options'
import { negativePromptsFor, warnOfNoComparison } from '../steps/negative-prompts'
import { countSchema, embedsSchema, textsSchema } from '../steps/schemas'
import { textEncoderOptions, tokenizerOptions } from '../steps/tokens-without-embedding'
import { textEmbedder } from './embed-texts'
import { stableDiffusion } from './stable-diffusion'

/** Embeddings of texts that a caller passes `[prompts, tokens, channels]`. */
const givenSchema = tensor('prompts tokens channels')

/**
 * Repeats embeddings for the pictures of each prompt. What is not given as embeddings is encoded: the negative prompt beside `promptEmbeds`, or the prompt beside
 * `negativePromptEmbeds`.
 */
@Block({ ...stableDiffusion, description: 'Takes the embeddings of prompts in place of the prompts.' })
export class UsePromptEmbeds extends ModularPipelineBlocks {
  static override readonly className: string = 'UsePromptEmbeds'

  @Component(CLIPTokenizer, tokenizerOptions)
  tokenizer!: CLIPTokenizer

  @Component(CLIPTextModel, textEncoderOptions)
  textEncoder!: CLIPTextModel

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  /** What the picture should show, unless `promptEmbeds` say so. */
  @Input(textsSchema.optional().describe('What the picture should show, unless `promptEmbeds` say so.'))
  prompt!: In<string | string[] | undefined>

  /** What the picture should not show: one text, or one for each prompt. */
  @Input(textsSchema.optional().describe('What the picture should not show: one text, or one for each prompt.'))
  negativePrompt!: In<string | string[] | undefined>

  /** How many pictures to make of each prompt. */
  @Input(countSchema.default(1).describe('How many pictures to make of each prompt.'))
  numImagesPerPrompt!: In<number>

  /** How many of the last layers of the text encoder to leave out. As in the reference, this is for the prompt alone. */
  @Input(
    countSchema
      .optional()
      .describe(
        'How many of the last layers of the text encoder to leave out. As in the reference, this is for the prompt alone.',
      ),
  )
  clipSkip!: In<number | undefined>

  /** Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`. */
  @Input(
    givenSchema.optional().describe('Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`.'),
  )
  @Output({
    schema: embedsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'The encoded prompts, one for each picture.',
  })
  promptEmbeds!: InOut<tf.Tensor3D | undefined>

  /** Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`. */
  @Input(
    givenSchema
      .optional()
      .describe(
        'Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`.',
      ),
  )
  @Output({
    typeHint: 'Tensor',
    kwargsType: 'denoiserInputFields',
    description: 'The encoded negative prompts, if the guider compares with them.',
  })
  negativePromptEmbeds!: InOut<tf.Tensor3D | undefined>

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
    const { promptEmbeds, negativePromptEmbeds, numImagesPerPrompt: times } = this
    const { context } = this
    this.refuseBoth('prompt', 'promptEmbeds')
    this.refuseBoth('negativePrompt', 'negativePromptEmbeds')
    const texts = new TextsEncoder(this, context)
    const prompts = [this.prompt ?? []].flat()
    const embeds =
      promptEmbeds ??
      (await this.encode(texts, 'prompt', this.requirePrompts(prompts), { times: 1, clipSkip: this.clipSkip }))
    const [count] = embeds.shape
    this.batchSize = count * times
    this.promptEmbeds = await repeatRows(embeds, times, context)
    if (negativePromptEmbeds !== undefined && this.guider.numConditions <= 1) warnOfNoComparison(context)
    this.negativePromptEmbeds = await this.negativeEmbeds(embeds, texts)
  }

  private async negativeEmbeds(embeds: tf.Tensor3D, texts: TextsEncoder): Promise<tf.Tensor3D | undefined> {
    const { negativePromptEmbeds: given, batchSize, numImagesPerPrompt: times, context } = this
    const negativePrompts = negativePromptsFor(this, embeds.shape[0], context)
    if (negativePrompts === undefined) return undefined
    if (given === undefined) {
      return this.encode(texts, 'negative prompt', negativePrompts, { times: batchSize / negativePrompts.length })
    }
    if (given.shape.join() !== embeds.shape.join()) {
      const expected = `its shape must be that of promptEmbeds, [${embeds.shape.join(', ')}]`
      throw new InputTypeError({ path: context.path, input: 'negativePromptEmbeds', expected, value: given })
    }
    return repeatRows(given, times, context)
  }

  private async encode(
    texts: TextsEncoder,
    what: string,
    prompts: readonly string[],
    { times, clipSkip }: { times: number; clipSkip?: number | undefined },
  ): Promise<tf.Tensor3D> {
    const embed = textEmbedder(this.textEncoder, clipSkip, this.context)
    return (await texts.encode(what, prompts, { times, embed })).embeds
  }

  private requirePrompts(prompts: readonly string[]): readonly string[] {
    if (prompts.length > 0) return prompts
    throw new MissingInputError({ path: this.context.path, input: 'prompt', available: ['negativePromptEmbeds'] })
  }

  /** @throws InputTypeError if a text is given and its embeddings too */
  private refuseBoth(text: 'prompt' | 'negativePrompt', embeds: 'promptEmbeds' | 'negativePromptEmbeds'): void {
    if (this[text] === undefined || this[embeds] === undefined) return
    const expected = `"${embeds}" is given too. Pass one of the two`
    throw new InputTypeError({ path: this.context.path, input: text, expected, value: this[text] })
  }
}
