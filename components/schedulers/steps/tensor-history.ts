/** What a multistep solver remembers of earlier steps. */
import * as tf from '../../tensors/tf'
import type { RunMemory } from '../run-memory'

/** The latest tensors of a run. They outlive the step that made them, and are disposed when they fall out. */
export class TensorHistory implements RunMemory {
  /** The tensors, the newest first. */
  private tensors: tf.Tensor[] = []

  constructor(private readonly capacity = Infinity) {}

  /** The tensors, the newest first. */
  get newestFirst(): readonly tf.Tensor[] {
    return this.tensors
  }

  /** Takes a tensor over, and keeps no more than the capacity. */
  push(tensor: tf.Tensor, capacity = this.capacity): void {
    this.tensors.unshift(tf.keep(tensor))
    for (const dropped of this.tensors.splice(capacity)) dropped.dispose()
  }

  saveRun(): tf.Tensor[] {
    return this.tensors.map(tensor => tensor.clone())
  }

  restoreRun(saved: unknown): void {
    this.clear()
    // What saveRun() has made.
    for (const tensor of saved as tf.Tensor[]) this.tensors.push(tf.keep(tensor.clone()))
  }

  /** Forgets everything. */
  clear(): void {
    for (const tensor of this.tensors.splice(0)) tensor.dispose()
  }
}
