/** What a guider with momentum remembers of earlier steps. Counterpart: MomentumBuffer of guiders/adaptive_projected_guidance.py */
import * as tf from '../tensors/tf'

/** A running sum of the updates of a run: `sum ← update + momentum · sum`. It outlives the step that made it. */
export class MomentumBuffer {
  private sum: tf.Tensor | undefined

  /** @param sum what was summed up so far, and stays the caller's */
  constructor(
    readonly momentum: number,
    sum?: tf.Tensor,
  ) {
    if (sum) this.sum = tf.keep(sum.clone())
  }

  /** The running sum, which stays the buffer's; undefined before the first update. */
  get runningSum(): tf.Tensor | undefined {
    return this.sum
  }

  /** Adds the update of a step, and gives the new running sum, which stays the buffer's. */
  add<T extends tf.Tensor>(update: T): T {
    const last = this.sum
    const next = tf.tidy(() => (last === undefined ? update.clone() : update.add(last.mul(this.momentum)))) as T // The shape is the update's.
    this.sum = tf.keep(next)
    last?.dispose()
    return next
  }

  /** Forgets everything. */
  dispose(): void {
    this.sum?.dispose()
    this.sum = undefined
  }
}
