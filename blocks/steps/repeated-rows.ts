/** Rows of several batches, each repeated. */
import { repeatRowsLoop, tf } from '../../components'
import { runInSlices } from '../../src'

/** What a text encoder makes of texts, by name: tensors with a row for each text. */
export type TextEmbeds = Readonly<Record<string, tf.Tensor>>

/** Collects the rows of batches, each as many times as it is wanted. */
export class RepeatedRows<E extends TextEmbeds> {
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
