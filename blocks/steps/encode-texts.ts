/** Turns texts into embeddings. Counterpart: encode_prompt of diffusers' pipelines. */
import { type CLIPTextInputs, type CLIPTokenizer, expandConcepts, repeatRowsLoop, tf } from '../../components'
import { type RunContext, runInSlices } from '../../src'
import { requireEmbeddings, type TextModels } from './tokens-without-embedding'

/** Texts that the text encoder gets at once. */
const MOST_AT_ONCE = 64

/** Texts that warnings name one by one. */
const MOST_WARNINGS = 10

/** What a text encoder makes of texts, by name: tensors with a row for each text. */
export type TextEmbeds = Readonly<Record<string, tf.Tensor>>

/** How texts are encoded. */
export interface EncodeTextsOptions<E extends TextEmbeds> {
  /** How many copies of each text the result holds. */
  readonly times: number
  /** Calls the text encoder with some of the texts. */
  readonly embed: (inputs: CLIPTextInputs) => Promise<E>
}

/** Encodes texts for one run. */
export class TextsEncoder {
  private readonly tokenizer: CLIPTokenizer

  /** @param warned - warnings that were given already: those of several encoders for one text are alike */
  constructor(
    private readonly models: TextModels,
    private readonly context: RunContext,
    private readonly warned: Set<string> = new Set(),
  ) {
    this.tokenizer = models.tokenizer
  }

  /**
   * Returns what `embed` makes of the texts, with `times · texts` rows, the copies of a text together. Long lists are encoded in batches. Texts that are truncated
   * are warned of.
   *
   * @param what - what the texts are, for warnings: `prompt`
   * @throws TokenWithoutEmbeddingError; what `embed` throws
   */
  async encode<E extends TextEmbeds>(
    what: string,
    prompts: readonly string[],
    { times, embed }: EncodeTextsOptions<E>,
  ): Promise<E> {
    const { tokenizer, context } = this
    const rows = new RepeatedRows<E>(prompts.length, times, context.signal)
    const truncated = new Map<number, string>()
    for (let begin = 0; begin < prompts.length; begin += MOST_AT_ONCE) {
      const { inputs, rest } = await this.tokenize(prompts.slice(begin, begin + MOST_AT_ONCE))
      for (const [i, text] of rest.entries()) if (text !== '') truncated.set(begin + i, text)
      await rows.add(await embed(inputs), begin)
      tf.dispose([inputs.inputIds, inputs.attentionMask])
    }
    const longer = `longer than ${tokenizer.modelMaxLength} tokens.`
    this.warnOfEach('PROMPT_TRUNCATED', what, prompts, {
      problems: new Map([...truncated].map(([i, text]) => [i, `is ${longer} The truncated part is: "${text}"`])),
      more: `are ${longer}`,
    })
    return rows.take()
  }

  /** Warns of prompts without a word. */
  warnOfEmpty(prompts: readonly string[]): void {
    const empty = [...prompts.keys()].filter(i => prompts[i]?.trim() === '')
    this.warnOfEach('PROMPT_EMPTY', 'prompt', prompts, {
      problems: new Map(empty.map(i => [i, 'is empty: the picture will show anything.'])),
      more: 'are empty.',
    })
  }

  /** What the text encoder is called with for some texts, and for each the part that was truncated. */
  private async tokenize(prompts: readonly string[]): Promise<{ inputs: CLIPTextInputs; rest: string[] }> {
    const { tokenizer, models } = this
    const { inputIds, attentionMask, truncated } = await tokenizer.encodeAsync(
      prompts.map(prompt => expandConcepts(prompt, tokenizer)),
      { padding: 'max_length', truncation: true, signal: this.context.signal },
    )
    requireEmbeddings(inputIds, models, this.context.path)
    const masked = models.textEncoder.config.useAttentionMask
    const inputs = {
      inputIds: tf.tensor2d(inputIds, undefined, 'int32'),
      attentionMask: masked ? tf.tensor2d(attentionMask, undefined, 'int32') : undefined,
    }
    return { inputs, rest: truncated }
  }

  /** Warns of the first texts with a problem one by one, and once of all others. */
  private warnOfEach(
    code: string,
    what: string,
    prompts: readonly string[],
    { problems, more }: { problems: ReadonlyMap<number, string>; more: string },
  ): void {
    const shown = [...problems].slice(0, MOST_WARNINGS)
    for (const [i, problem] of shown) this.warn(code, `The ${numbered(what, i, prompts)} ${problem}`)
    const others = problems.size - shown.length
    if (others > 0) this.warn(code, `${others} more ${what}s ${more}`)
  }

  private warn(code: string, message: string): void {
    if (this.warned.has(message)) return
    this.warned.add(message)
    this.context.warn(code, message)
  }
}

/** Collects the rows of batches, each as many times as it is wanted. */
class RepeatedRows<E extends TextEmbeds> {
  /** The only batch, whose rows are wanted once. */
  private whole: E | undefined
  private readonly targets = new Map<string, { values: Float32Array; row: readonly number[] }>()

  constructor(
    private readonly count: number,
    private readonly times: number,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Takes over the rows of a batch, the first of which is that of the text `begin`. */
  async add(batch: E, begin: number): Promise<void> {
    const { times, signal } = this
    if (Object.values(batch).every(({ shape }) => shape[0] === this.count * times)) {
      this.whole = batch
      return
    }
    for (const [name, embeds] of Object.entries(batch)) {
      const [count = 1, ...row] = embeds.shape
      const rowSize = embeds.size / count
      const { values: target } = this.targets.get(name) ?? { values: new Float32Array(this.count * times * rowSize) }
      this.targets.set(name, { values: target, row })
      const copies = { rowSize, times, target, offset: begin * times * rowSize }
      await runInSlices(repeatRowsLoop(await embeds.data<'float32'>(), copies), signal)
      embeds.dispose()
    }
  }

  take(): E {
    if (this.whole) return this.whole
    const rows = this.count * this.times
    const tensors = [...this.targets].map(([name, { values, row }]) => [name, tf.tensor(values, [rows, ...row])])
    return Object.fromEntries(tensors) as E // Of the same names as each batch.
  }
}

/** `prompt`, or `prompt 2` where there are several. */
function numbered(what: string, index: number, all: readonly unknown[]): string {
  return all.length === 1 ? what : `${what} ${index + 1}`
}
