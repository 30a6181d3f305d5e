/** What the blocks that condition the denoiser have in common. Counterpart: StableDiffusionXLPipeline.encode_prompt of diffusers. */
import { z } from 'zod'
import { Adapters, BaseGuidance, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer } from '../../components'
import { Component, Config, type In, Input, ModularPipelineBlocks, type Out, Output } from '../../src'
import { adaptersOptions } from '../steps/component-options'
import { guiderOptions } from '../steps/guider-options'
import { type PromptSyntax, promptSyntaxSchema } from '../steps/prompt-syntax'
import {
  type CrossAttentionKwargs,
  crossAttentionKwargsSchema,
  imagesPerPromptSchema,
  optionalPromptSchema,
} from '../steps/schemas'
import { negativeEmbedsFor, secondTexts } from './negative-embeds'
import type { PromptEmbeds, PromptsEncoder } from './prompts-encoder'
import {
  clipSkipSchema,
  firstTextEncoder,
  firstTokenizer,
  forceZerosSchema,
  negativePrompt2Schema,
  negativePromptSchema,
  prompt2Schema,
  secondTextEncoder,
  secondTokenizer,
} from './text-inputs'

/** Has both text encoders and the inputs for texts, and encodes what is given as texts. */
export abstract class StableDiffusionXLTextStep extends ModularPipelineBlocks {
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

  @Component(Adapters, adaptersOptions)
  adapters!: Adapters

  @Config(forceZerosSchema)
  forceZerosForEmptyPrompt!: boolean

  /** What the picture should show, unless `promptEmbeds` say so. */
  @Input(optionalPromptSchema)
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

  /** How prompts are read: as plain text, or with weights as in AUTOMATIC1111's web UI, `(word:1.3)`, and in as many chunks as they take. */
  @Input(promptSyntaxSchema)
  promptSyntax!: In<PromptSyntax>

  /** How many pictures to make of each prompt. */
  @Input(imagesPerPromptSchema)
  numImagesPerPrompt!: In<number>

  /** How many of the last layers of the text encoders to leave out, beside the very last one. As in the reference, this is for the prompt alone. */
  @Input(clipSkipSchema)
  clipSkip!: In<number | undefined>

  /** Settings for adapters in this call: `scale` multiplies the weights of all LoRAs, `ipAdapterMasks` say where the pictures of each IP-Adapter count. */
  @Input(crossAttentionKwargsSchema)
  crossAttentionKwargs!: In<CrossAttentionKwargs>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

  /**
   * Encodes the prompts.
   *
   * @param chunks - how many chunks of the text encoders the embeddings are long at least
   * @throws what encoding throws; InputTypeError for second prompts of another number
   */
  protected encodeTexts(texts: readonly string[], chunks: number, encoder: PromptsEncoder): Promise<PromptEmbeds> {
    const { context } = this
    const count = texts.length
    encoder.warnOfEmpty(texts)
    const texts2 = secondTexts('prompt2', this.prompt2, { texts, count, encoder, context })
    return encoder.encode({ what: 'prompt', texts, texts2, count, chunks }, this.clipSkip)
  }

  /** Encodes the negative prompts, one for each prompt; `undefined` if the guider compares with none. @throws InputTypeError for a list of another length */
  protected encodeNegativeTexts(embeds: PromptEmbeds, encoder: PromptsEncoder): Promise<PromptEmbeds | undefined> {
    return negativeEmbedsFor(this, embeds, encoder, this.context)
  }
}
