/** One kernel of a recorded model, ready to run. */
import type * as tf from '../../tensors/tf'

/** A kernel with its inputs. */
export interface KernelCall {
  readonly kernel: string
  readonly inputs: Readonly<Record<string, tf.Tensor>>
  readonly attrs: Readonly<Record<string, unknown>>
  /** Shape of the result. */
  readonly shape: readonly number[]
}
