/** What the blocks that condition the denoiser have in common. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { Adapters, BaseGuidance, CLIPTextModel, CLIPTokenizer, type ModuleHook } from '../../components'
import { Component, type In, Input, ModularPipelineBlocks } from '../../src'
import { adaptersOptions } from '../steps/component-options'
import { guiderOptions } from '../steps/guider-options'
import { type PromptSyntax, promptSyntaxSchema } from '../steps/prompt-syntax'
import {
  type CrossAttentionKwargs,
  countSchema,
  crossAttentionKwargsSchema,
  imagesPerPromptSchema,
  optionalPromptSchema,
  textsSchema,
} from '../steps/schemas'
import { type TextModels, textEncoderOptions, tokenizerOptions } from '../steps/tokens-without-embedding'

/** Has the text encoder and the inputs for texts. */
export abstract class StableDiffusionTextStep extends ModularPipelineBlocks {
  @Component(CLIPTokenizer, tokenizerOptions)
  tokenizer!: CLIPTokenizer

  @Component(CLIPTextModel, textEncoderOptions)
  textEncoder!: CLIPTextModel

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  @Component(Adapters, adaptersOptions)
  adapters!: Adapters

  /** What the picture should show, unless `promptEmbeds` say so. */
  @Input(optionalPromptSchema)
  prompt!: In<string | string[] | undefined>

  /** What the picture should not show: one text, or one for each prompt. */
  @Input(textsSchema.optional().describe('What the picture should not show: one text, or one for each prompt.'))
  negativePrompt!: In<string | string[] | undefined>

  /** How prompts are read: as plain text, or with weights as in AUTOMATIC1111's web UI, `(word:1.3)`, and in as many chunks as they take. */
  @Input(promptSyntaxSchema)
  promptSyntax!: In<PromptSyntax>

  /** How many pictures to make of each prompt. */
  @Input(imagesPerPromptSchema)
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

  /** Settings for adapters in this call: `scale` multiplies the weights of all LoRAs, `ipAdapterMasks` say where the pictures of each IP-Adapter count. */
  @Input(crossAttentionKwargsSchema)
  crossAttentionKwargs!: In<CrossAttentionKwargs>

  /** What texts are encoded with: the tokenizer knows the words that adapters add. */
  protected get textModels(): TextModels {
    const { adapters, textEncoder, textEncoderHooks: hooks } = this
    return { tokenizer: adapters.tokenizerFor('textEncoder', this.tokenizer), textEncoder, hooks }
  }

  /** What adapters change in the text encoder. */
  protected get textEncoderHooks(): ModuleHook[] {
    return this.adapters.hooksFor('textEncoder', this.textEncoder, this.crossAttentionKwargs)
  }
}
