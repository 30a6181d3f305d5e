/** Turns texts into embeddings. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { type CLIPTextInputs, type CLIPTextModel, type CLIPTokenizer, repeatRowsLoop, tf } from '../../components'
import { InputTypeError, type RunContext } from '../../src'
import { runInSlices } from '../../src/runtime/time-slice'
import { expandConcepts } from './expand-concepts'
import { requireEmbeddings } from './tokens-without-embedding'

/** Prompts that the text encoder gets at once. */
const MOST_AT_ONCE = 64

/** Prompts that warnings name one by one. */
const MOST_WARNINGS = 10

/** Encodes texts for one run. */
export class TextsEncoder {
  private readonly tokenizer: CLIPTokenizer
  private readonly textEncoder: CLIPTextModel

  constructor(
    { tokenizer, textEncoder }: { tokenizer: CLIPTokenizer; textEncoder: CLIPTextModel },
    private readonly context: RunContext,
  ) {
    this.tokenizer = tokenizer
    this.textEncoder = textEncoder
  }

  /**
   * Returns embeddings `[times · texts, tokens, channels]`, the copies of a text together. Long lists are encoded in batches. Texts that are truncated are
   * warned of.
   *
   * @param what - what the texts are, for warnings: `prompt`
   * @throws TokenWithoutEmbeddingError; InputTypeError if `clipSkip` leaves no layer
   */
  async encode(
    what: string,
    prompts: readonly string[],
    { times, clipSkip }: { times: number; clipSkip?: number | undefined },
  ): Promise<tf.Tensor3D> {
    const { tokenizer, context } = this
    const { signal } = context
    const batchSize = prompts.length * times
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
    requireEmbeddings(inputIds, { tokenizer, textEncoder }, this.context.path)
    const masked = textEncoder.config.useAttentionMask
    const inputs = {
      inputIds: tf.tensor2d(inputIds, undefined, 'int32'),
      attentionMask: masked ? tf.tensor2d(attentionMask, undefined, 'int32') : undefined,
    }
    return { inputs, rest: truncated }
  }

  /** Warns of the first texts with a problem one by one, and once of all others. */
  warnOfEach(
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
