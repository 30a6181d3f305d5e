/** Turns words into the embeddings that condition the denoiser. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { z } from 'zod'
import { BaseGuidance, CLIPTextModel, CLIPTokenizer, type tf } from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks, type Out, Output, type RunCost } from '../../src'
import { warnOfUnknownWords } from '../steps/check-vocabulary'
import { guiderOptions } from '../steps/guider-options'
import { countSchema, embedsSchema, textsSchema } from '../steps/schemas'
import { TextsEncoder } from './encode-texts'
import { negativePromptsFor } from './negative-prompts'
import { stableDiffusion } from './stable-diffusion'
import { textEncoderOptions, tokenizerOptions } from './tokens-without-embedding'

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
    return { images, memory: guider.numConditions > 1 ? 2 * embeds : embeds }
  }

  async run(): Promise<void> {
    const prompts = [this.prompt].flat()
    const empty = [...prompts.keys()].filter(i => prompts[i]?.trim() === '')
    const texts = new TextsEncoder(this, this.context)
    texts.warnOfEach('PROMPT_EMPTY', 'prompt', prompts, {
      problems: new Map(empty.map(i => [i, 'is empty: the picture will show anything.'])),
      more: 'are empty.',
    })
    const { vocabulary } = this.tokenizer
    if (vocabulary) await warnOfUnknownWords(this.context, vocabulary, prompts, [this.negativePrompt ?? []].flat())
    this.batchSize = prompts.length * this.numImagesPerPrompt
    const times = this.numImagesPerPrompt
    this.promptEmbeds = await texts.encode('prompt', prompts, { times, clipSkip: this.clipSkip })
    const negativePrompts = negativePromptsFor(this, prompts.length, this.context)
    this.negativePromptEmbeds =
      negativePrompts &&
      (await texts.encode('negative prompt', negativePrompts, { times: this.batchSize / negativePrompts.length }))
  }
}
