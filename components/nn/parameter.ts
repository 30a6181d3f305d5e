/** A weight of a module. Counterpart: torch.nn.Parameter. */
import * as tf from '@tensorflow/tfjs'
import { WeightsNotLoadedError } from './weights-not-loaded-error'

/** A weight: its shape in checkpoints is known from the start, its numbers come with {@link Parameter.load}. */
export class Parameter<T extends tf.Tensor = tf.Tensor> {
  private value: T | undefined

  constructor(
    /** The shape in checkpoints, which is PyTorch's. */
    readonly shape: readonly number[],
    /** The order that the dimensions take in {@link tensor}, e.g. `[1, 0]` for a transposed matrix; `undefined` if they stay. */
    readonly permutation?: readonly number[],
  ) {}

  /**
   * The weight as layers use it; it belongs to the parameter.
   *
   * @throws WeightsNotLoadedError
   */
  get tensor(): T {
    if (this.value === undefined) throw new WeightsNotLoadedError(this.shape)
    return this.value
  }

  /** Whether there are numbers. */
  get isLoaded(): boolean {
    return this.value !== undefined
  }

  /** Takes the numbers, in row-major order of {@link shape}, to the current backend; earlier ones are disposed. */
  load(values: Float32Array): void {
    const loaded = tf.tidy(() => {
      const stored = tf.tensor(values, [...this.shape], 'float32')
      // Kept, so that neither a tidy nor a run that happens to be open while a model loads disposes its weights.
      return tf.keep(this.permutation ? tf.transpose(stored, [...this.permutation]) : stored)
    })
    this.dispose()
    this.value = loaded as T // The rank follows from `shape`, which the layer that knows T has given.
  }

  /** Gives the memory back. Disposing again does nothing. */
  dispose(): void {
    this.value?.dispose()
    this.value = undefined
  }
}
