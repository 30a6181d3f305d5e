/** Turns words into the embeddings that condition the denoiser. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { z } from 'zod'
import { BaseGuidance } from '../../components/guiders/base-guidance'
import { type CLIPTextInputs, CLIPTextModel } from '../../components/models/clip-text/clip-text-model'
import { tensor } from '../../components/tensors/tensor-schema'
import * as tf from '../../components/tensors/tf'
import { CLIPTokenizer } from '../../components/tokenizers/clip-tokenizer'
import {
  Block,
  Component,
  type In,
  Input,
  InputTypeError,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunCost,
} from '../../src'
import { warnOfUnknownWords } from './check-vocabulary'
import { expandConcepts } from './expand-concepts'
import { guiderOptions } from './guider-options'
import { requireEmbeddings, textEncoderOptions, tokenizerOptions } from './tokens-without-embedding'

const texts = z.union([z.string(), z.array(z.string()).min(1)])

/** Encodes the prompts, and the negative prompts if the guider compares with them. */
@Block({
  description: 'Encodes the prompt, and the negative prompt if the guider compares with it.',
  modelName: 'stable-diffusion',
  version: '1.0.0',
  stability: 'beta',
})
export class EncodePrompt extends ModularPipelineBlocks {
  static override readonly className: string = 'EncodePrompt'

  @Component(CLIPTokenizer, tokenizerOptions) tokenizer!: CLIPTokenizer
  @Component(CLIPTextModel, textEncoderOptions) textEncoder!: CLIPTextModel
  @Component(BaseGuidance, guiderOptions) guider!: BaseGuidance

  /** What the picture should show: one text, or one for each picture. */
  @Input(texts.describe('What the picture should show: one text, or one for each picture.'))
  prompt!: In<string | string[], 'required'>

  /** What the picture should not show: one text, or one for each prompt. */
  @Input(texts.optional().describe('What the picture should not show: one text, or one for each prompt.'))
  negativePrompt!: In<string | string[] | undefined>

  /** How many pictures to make of each prompt. */
  @Input(z.int().min(1).default(1).describe('How many pictures to make of each prompt.'))
  numImagesPerPrompt!: In<number>

  /** How many of the last layers of the text encoder to leave out. As in the reference, this is for the prompt alone. */
  @Input(
    z
      .int()
      .min(1)
      .optional()
      .describe(
        'How many of the last layers of the text encoder to leave out. As in the reference, this is for the prompt alone.',
      ),
  )
  clipSkip!: In<number | undefined>

  @Output({
    schema: tensor('images tokens channels'),
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

  @Output(z.int().describe('How many pictures the run makes.')) batchSize!: Out<number>

  override estimateCost(): RunCost {
    return { images: [this.prompt].flat().length * this.numImagesPerPrompt }
  }

  async run(): Promise<void> {
    const prompts = [this.prompt].flat()
    for (const [i, prompt] of prompts.entries()) {
      if (prompt.trim() === '')
        this.context.warn(
          'PROMPT_EMPTY',
          `The ${numbered('prompt', i, prompts)} is empty: the picture will show anything.`,
        )
    }
    const { vocabulary } = this.tokenizer
    if (vocabulary) warnOfUnknownWords(this.context, vocabulary, prompts, [this.negativePrompt ?? []].flat())
    this.batchSize = prompts.length * this.numImagesPerPrompt
    this.promptEmbeds = await this.encode('prompt', prompts, this.clipSkip)
    const compares = this.guider.numConditions > 1
    if (!compares && [this.negativePrompt ?? ''].flat().some(text => text.trim() !== '')) {
      this.context.warn(
        'NEGATIVE_PROMPT_IGNORED',
        'The negative prompt is ignored: this run compares with none. A guidanceScale above 1 does.',
      )
    }
    this.negativePromptEmbeds = compares
      ? await this.encode('negative prompt', this.negativePrompts(prompts.length))
      : undefined
  }

  /** One text for all prompts, or one for each. */
  private negativePrompts(count: number): string[] {
    const { negativePrompt = '' } = this
    if (typeof negativePrompt === 'string') return [negativePrompt]
    if (negativePrompt.length !== count) {
      throw new InputTypeError({
        path: this.context.path,
        input: 'negativePrompt',
        expected: `there must be one for each of the ${count} prompts, or one text for all`,
        value: negativePrompt,
      })
    }
    return negativePrompt
  }

  /** Embeddings `[images, tokens, channels]`, each text repeated for its pictures. */
  private async encode(what: string, prompts: readonly string[], clipSkip?: number): Promise<tf.Tensor3D> {
    const { tokenizer } = this
    const texts = prompts.map(prompt => expandConcepts(prompt, tokenizer))
    const { inputIds, attentionMask, truncated } = tokenizer.encode(texts, { padding: 'max_length', truncation: true })
    for (const [i, rest] of truncated.entries()) {
      if (rest !== '') {
        const problem = `is longer than ${tokenizer.modelMaxLength} tokens. This end of it is not seen: "${rest}"`
        this.context.warn('PROMPT_TRUNCATED', `The ${numbered(what, i, prompts)} ${problem}`)
      }
    }
    requireEmbeddings(inputIds, this, this.context.path)
    const ids = tf.tensor2d(inputIds, undefined, 'int32')
    const mask = this.textEncoder.config.useAttentionMask ? tf.tensor2d(attentionMask, undefined, 'int32') : undefined
    const states = await this.embed({ inputIds: ids, attentionMask: mask }, clipSkip)
    const [count, tokens, channels] = states.shape
    const repeated = states.expandDims(1).tile([1, this.batchSize / count, 1, 1])
    return repeated.reshape([this.batchSize, tokens, channels])
  }

  /** The states behind the final norm: of the last layer, or of one before it. */
  private async embed(inputs: CLIPTextInputs, clipSkip: number | undefined): Promise<tf.Tensor3D> {
    const { signal } = this.context
    if (clipSkip === undefined) return (await this.textEncoder.call(inputs, { signal })).lastHiddenState
    const { hiddenStates } = await this.textEncoder.call({ ...inputs, outputHiddenStates: true }, { signal })
    const states = hiddenStates.at(-(clipSkip + 1))
    if (states === undefined) {
      const layers = hiddenStates.length - 1
      throw new InputTypeError({
        path: this.context.path,
        input: 'clipSkip',
        expected: `the text encoder has ${layers} layers`,
        value: clipSkip,
      })
    }
    return this.textEncoder.finalLayerNorm.forward(states)
  }
}

/** `prompt`, or `prompt 2` where there are several. */
function numbered(what: string, index: number, all: readonly unknown[]): string {
  return all.length === 1 ? what : `${what} ${index + 1}`
}
