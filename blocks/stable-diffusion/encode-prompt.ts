/** Turns words into the embeddings that condition the denoiser. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { z } from 'zod'
import { BaseGuidance, CLIPTextModel, CLIPTokenizer, type tf } from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks, type Out, Output, type RunCost } from '../../src'
import { warnOfUnknownSize, warnOfUnknownWords } from '../steps/check-vocabulary'
import { TextsEncoder } from '../steps/encode-texts'
import { guiderOptions } from '../steps/guider-options'
import { negativePromptsFor } from '../steps/negative-prompts'
import { countSchema, embedsSchema, textsSchema } from '../steps/schemas'
import { textEncoderOptions, tokenizerOptions } from '../steps/tokens-without-embedding'
import { textEmbedder } from './embed-texts'
import { stableDiffusion } from './stable-diffusion'

/** Encodes the prompts, and the negative prompts if the guider compares with them. */
@Block({
  ...stableDiffusion,
  description: 'Encodes the prompt, and the negative prompt if the guider compares with it.',
})
export class EncodePrompt extends ModularPipelineBlocks {
  static override readonly className: string = 'EncodePrompt'

  @Component(CLIPTokenizer, tokenizerOptions)
  tokenizer!: CLIPTokenizer

  @Component(CLIPTextModel, textEncoderOptions)
  textEncoder!: CLIPTextModel

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  /** What the picture should show: one text, or one for each picture. */
  @Input(textsSchema.describe('What the picture should show: one text, or one for each picture.'))
  prompt!: In<string | string[], 'required'>

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

  @Output({
    schema: embedsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'The encoded prompts, one for each picture.',
  })
  promptEmbeds!: Out<tf.Tensor3D>

  @Output({
    typeHint: 'Tensor',
    kwargsType: 'denoiserInputFields',
    description: 'The encoded negative prompts, if the guider compares with them.',
  })
  negativePromptEmbeds!: Out<tf.Tensor3D | undefined>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

  override estimateCost(): RunCost {
    const { tokenizer, textEncoder, guider } = this
    const images = [this.prompt].flat().length * this.numImagesPerPrompt
    const embeds = images * tokenizer.modelMaxLength * textEncoder.config.hiddenSize * Float32Array.BYTES_PER_ELEMENT
    return { images, tokens: tokenizer.modelMaxLength, memory: guider.numConditions > 1 ? 2 * embeds : embeds }
  }

  async run(): Promise<void> {
    const prompts = [this.prompt].flat()
    const { textEncoder, context, numImagesPerPrompt: times } = this
    const texts = new TextsEncoder(this, context)
    texts.warnOfEmpty(prompts)
    const { vocabulary } = this.tokenizer
    if (vocabulary) {
      await warnOfUnknownWords(context, vocabulary, prompts, [this.negativePrompt ?? []].flat())
      const { size, latents } = context.plan
      // A size that the VAE does not divide is refused later.
      const isWhole = Number.isInteger(latents?.width) && Number.isInteger(latents?.height)
      if (size !== undefined && isWhole) warnOfUnknownSize(context, vocabulary, size)
    }
    this.batchSize = prompts.length * times
    const embed = textEmbedder(textEncoder, this.clipSkip, context)
    this.promptEmbeds = (await texts.encode('prompt', prompts, { times, embed })).embeds
    const negativePrompts = negativePromptsFor(this, prompts.length, context)
    const negative =
      negativePrompts &&
      (await texts.encode('negative prompt', negativePrompts, {
        times: this.batchSize / negativePrompts.length,
        embed: textEmbedder(textEncoder, undefined, context),
      }))
    this.negativePromptEmbeds = negative?.embeds
  }
}
