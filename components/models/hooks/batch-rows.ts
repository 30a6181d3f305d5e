/** Computes a part of a model differently for some rows of a batch. */
import { mapTree } from '../../backends/recorder/tensor-tree'
import type { Forward } from '../../nn/wrap-forwards'
import * as tf from '../../tensors/tf'
import { ModelHookError } from './model-hook-error'
import type { BatchHook, BatchShare } from './module-hook'

/** Rows of a batch, from one to before another. */
interface RowRange {
  readonly begin: number
  readonly end: number
}

/** Takes batches apart, and knows which rows of the whole batch are being computed: hooked parts may be inside of others. */
export class BatchRows {
  private total = 0
  private current: RowRange | undefined

  /** @param model class of the model, for errors */
  constructor(private readonly model: string) {}

  /** Computes one share of the batch with the hook, and the other rows as they were. @throws ModelHookError */
  onShare(
    { module, share }: Required<Pick<BatchHook, 'module' | 'share'>>,
    replace: (run: Forward, args: readonly unknown[]) => unknown,
    run: Forward,
    args: readonly unknown[],
  ): tf.Tensor {
    const refuse = (problem: string) => new ModelHookError(this.model, module, problem)
    const batch = args.find(arg => arg instanceof tf.Tensor)?.shape[0] ?? 0
    if (this.current === undefined) this.total = batch
    const { begin, end } = this.current ?? { begin: 0, end: batch }
    if (end - begin !== batch || this.total % share.count !== 0) {
      throw refuse(`cannot be hooked for one of ${share.count} parts of a batch of ${batch}`)
    }
    const within = (row: number) => Math.min(Math.max(row, begin), end)
    const meant = this.rangeOf(share)
    const [from, to] = [within(meant.begin), within(meant.end)]
    const compute = (part: RowRange, forward: (args: readonly unknown[]) => unknown): tf.Tensor[] => {
      if (part.begin === part.end) return []
      const take = ({ tensor }: { tensor: unknown }) => {
        const whole = tensor as tf.Tensor // The model is called with tensors.
        return whole.shape[0] === batch ? whole.slice([part.begin - begin], [part.end - part.begin]) : whole
      }
      const result = this.during(part, () => forward(mapTree(args, take) as readonly unknown[]))
      if (result instanceof tf.Tensor) return [result]
      throw refuse('cannot be hooked for a part of a batch, as it returns more than one tensor')
    }
    return tf.tidy(() =>
      tf.concat([
        ...compute({ begin, end: from }, given => run(...given)),
        ...compute({ begin: from, end: to }, given => replace(run, given)),
        ...compute({ begin: to, end }, given => run(...given)),
      ]),
    )
  }

  /**
   * Returns the rows of a hook's tensor that belong to the samples that are being computed, if the tensor has a row for each sample that the hook is for.
   * They are the tensor itself, or a new one that the tidy of {@link onShare} disposes.
   */
  rowsOf(tensor: tf.Tensor, share: BatchShare | undefined): tf.Tensor {
    if (this.current === undefined) return tensor
    const { begin, end } = share === undefined ? { begin: 0, end: this.total } : this.rangeOf(share)
    const rows = this.current.end - this.current.begin
    if (rows === end - begin || tensor.shape[0] !== end - begin) return tensor
    return tensor.slice([this.current.begin - begin], [rows])
  }

  private rangeOf({ index, count }: BatchShare): RowRange {
    return { begin: (index * this.total) / count, end: ((index + 1) * this.total) / count }
  }

  private during<T>(rows: RowRange, work: () => T): T {
    const { current } = this
    this.current = rows
    try {
      return work()
    } finally {
      this.current = current
    }
  }
}
