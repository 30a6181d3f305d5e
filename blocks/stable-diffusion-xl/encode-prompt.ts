/** Turns words into the embeddings that condition the denoiser. Counterpart: StableDiffusionXLTextEncoderStep of diffusers. */
import { z } from 'zod'
import { BaseGuidance, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer, type tf } from '../../components'
import {
  Block,
  Component,
  Config,
  type In,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunCost,
} from '../../src'
import { warnOfUnknownWords } from '../steps/check-vocabulary'
import { guiderOptions } from '../steps/guider-options'
import { textsSchema } from '../steps/schemas'
import { negativeEmbedsFor, secondTexts } from './negative-embeds'
import { PromptsEncoder } from './prompts-encoder'
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

/** Encodes the prompts with both text encoders, and the negative prompts if the guider compares with them. */
@Block({
  ...stableDiffusionXL,
  description: 'Encodes the prompt with both text encoders, and the negative prompt if the guider compares with it.',
})
export class StableDiffusionXLEncodePrompt extends ModularPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLEncodePrompt'

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

  /** What the picture should show: one text, or one for each picture. */
  @Input(textsSchema.describe('What the picture should show: one text, or one for each picture.'))
  prompt!: In<string | string[], 'required'>

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

  @Output({ schema: promptsSchema, kwargsType: 'denoiserInputFields', description: 'The encoded prompts.' })
  promptEmbeds!: Out<tf.Tensor3D>

  @Output({ ...negativeOutput, description: 'The encoded negative prompts, if the guider compares with them.' })
  negativePromptEmbeds!: Out<tf.Tensor3D | undefined>

  @Output({
    schema: pooledPromptsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'The prompts, each encoded as a whole.',
  })
  pooledPromptEmbeds!: Out<tf.Tensor2D>

  @Output({
    ...negativeOutput,
    description: 'The negative prompts, each encoded as a whole, if the guider compares with them.',
  })
  negativePooledPromptEmbeds!: Out<tf.Tensor2D | undefined>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

  override estimateCost(): RunCost {
    const { textEncoder, textEncoder2, tokenizer2, guider } = this
    const prompts = [this.prompt].flat().length
    const channels = (textEncoder?.config.hiddenSize ?? 0) + textEncoder2.config.hiddenSize
    const embeds = prompts * tokenizer2.modelMaxLength * channels * Float32Array.BYTES_PER_ELEMENT
    const memory = guider.numConditions > 1 ? 2 * embeds : embeds
    return { images: prompts * this.numImagesPerPrompt, tokens: tokenizer2.modelMaxLength, memory }
  }

  async run(): Promise<void> {
    const { context, prompt2, negativePrompt, negativePrompt2 } = this
    const texts = [this.prompt].flat()
    const count = texts.length
    const encoder = new PromptsEncoder(this, context)
    encoder.warnOfEmpty(texts)
    const { vocabulary } = this.tokenizer2
    if (vocabulary) {
      const others = [prompt2 ?? [], negativePrompt ?? [], negativePrompt2 ?? []].flat()
      await warnOfUnknownWords(context, vocabulary, texts, others)
    }
    this.batchSize = count * this.numImagesPerPrompt
    const texts2 = secondTexts('prompt2', prompt2, { texts, count, encoder, context })
    const embeds = await encoder.encode({ what: 'prompt', texts, texts2, count }, this.clipSkip)
    this.promptEmbeds = embeds.embeds
    this.pooledPromptEmbeds = embeds.pooled
    const negative = await negativeEmbedsFor(this, embeds, encoder, context)
    this.negativePromptEmbeds = negative?.embeds
    this.negativePooledPromptEmbeds = negative?.pooled
  }
}
