/** Turns words into the embeddings that condition the denoiser. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { z } from 'zod'
import { BaseGuidance, type CLIPTextInputs, CLIPTextModel, CLIPTokenizer, repeatRowsLoop, tf } from '../../components'
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
import { runInSlices } from '../../src/runtime/time-slice'
import { warnOfUnknownWords } from '../steps/check-vocabulary'
import { guiderOptions } from '../steps/guider-options'
import { countSchema, embedsSchema, textsSchema } from '../steps/schemas'
import { expandConcepts } from './expand-concepts'
import { stableDiffusion } from './stable-diffusion'
import { requireEmbeddings, textEncoderOptions, tokenizerOptions } from './tokens-without-embedding'

/** Prompts that the text encoder gets at once. */
const MOST_AT_ONCE = 64

/** Prompts that warnings name one by one. */
const MOST_WARNINGS = 10

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
    this.warnOfEach('PROMPT_EMPTY', 'prompt', prompts, {
      problems: new Map(empty.map(i => [i, 'is empty: the picture will show anything.'])),
      more: 'are empty.',
    })
    const { vocabulary } = this.tokenizer
    if (vocabulary) await warnOfUnknownWords(this.context, vocabulary, prompts, [this.negativePrompt ?? []].flat())
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

  /** Embeddings `[images, tokens, channels]`, each text repeated for its pictures. Long lists are encoded in batches. */
  private async encode(what: string, prompts: readonly string[], clipSkip?: number): Promise<tf.Tensor3D> {
    const { batchSize, tokenizer } = this
    const { signal } = this.context
    const times = batchSize / prompts.length
    const truncated = new Map<number, string>()
    let embeds: tf.Tensor3D | undefined
    let repeated: Float32Array | undefined
    let row: [tokens: number, channels: number] = [0, 0]
    for (let begin = 0; begin < prompts.length; begin += MOST_AT_ONCE) {
      const { inputs, rest } = await this.tokenize(prompts.slice(begin, begin + MOST_AT_ONCE))
      for (const [i, text] of rest.entries()) if (text !== '') truncated.set(begin + i, text)
      embeds = await this.embed(inputs, clipSkip)
      tf.dispose([inputs.inputIds, inputs.attentionMask])
      const [count, tokens, channels] = embeds.shape
      if (count === batchSize) break
      row = [tokens, channels]
      const rowSize = tokens * channels
      repeated ??= new Float32Array(batchSize * rowSize)
      const copies = { rowSize, times, target: repeated, offset: begin * times * rowSize }
      await runInSlices(repeatRowsLoop(await embeds.data<'float32'>(), copies), signal)
      embeds.dispose()
    }
    const longer = `longer than ${tokenizer.modelMaxLength} tokens.`
    this.warnOfEach('PROMPT_TRUNCATED', what, prompts, {
      problems: new Map([...truncated].map(([i, text]) => [i, `is ${longer} The truncated part is: "${text}"`])),
      more: `are ${longer}`,
    })
    return repeated === undefined ? (embeds as tf.Tensor3D) : tf.tensor3d(repeated, [batchSize, ...row])
  }

  /** What the text encoder is called with for some texts, and for each the part that was truncated. */
  private async tokenize(prompts: readonly string[]): Promise<{ inputs: CLIPTextInputs; rest: string[] }> {
    const { tokenizer, textEncoder } = this
    const { inputIds, attentionMask, truncated } = await tokenizer.encodeAsync(
      prompts.map(prompt => expandConcepts(prompt, tokenizer)),
      { padding: 'max_length', truncation: true, signal: this.context.signal },
    )
    requireEmbeddings(inputIds, this, this.context.path)
    const masked = textEncoder.config.useAttentionMask
    const inputs = {
      inputIds: tf.tensor2d(inputIds, undefined, 'int32'),
      attentionMask: masked ? tf.tensor2d(attentionMask, undefined, 'int32') : undefined,
    }
    return { inputs, rest: truncated }
  }

  /** Warns of the first prompts with a problem one by one, and once of all others. */
  private warnOfEach(
    code: string,
    what: string,
    prompts: readonly string[],
    { problems, more }: { problems: ReadonlyMap<number, string>; more: string },
  ): void {
    const shown = [...problems].slice(0, MOST_WARNINGS)
    for (const [i, problem] of shown) this.context.warn(code, `The ${numbered(what, i, prompts)} ${problem}`)
    const others = problems.size - shown.length
    if (others > 0) this.context.warn(code, `${others} more ${what}s ${more}`)
  }

  /** Returns the states behind the final norm: of the last layer, or of one before it. */
  private async embed(inputs: CLIPTextInputs, clipSkip: number | undefined): Promise<tf.Tensor3D> {
    const { signal } = this.context
    if (clipSkip === undefined) {
      const { lastHiddenState, ...others } = await this.textEncoder.call(inputs, { signal })
      tf.dispose(others)
      return lastHiddenState
    }
    const { hiddenStates, ...others } = await this.textEncoder.call({ ...inputs, outputHiddenStates: true }, { signal })
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
    const normed = this.textEncoder.finalLayerNorm.forward(states)
    tf.dispose([hiddenStates, others])
    return normed
  }
}

/** `prompt`, or `prompt 2` where there are several. */
function numbered(what: string, index: number, all: readonly unknown[]): string {
  return all.length === 1 ? what : `${what} ${index + 1}`
}
