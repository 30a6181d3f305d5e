/** A fully connected layer. Counterpart: torch.nn.Linear. */
import * as tf from '../tensors/tf'
import { Module } from './module'
import { Parameter } from './parameter'

/** `x · weightᵀ + bias` on the last dimension. */
export class Linear extends Module {
  /** `[out, in]` in checkpoints, `[in, out]` here. */
  readonly weight: Parameter<tf.Tensor2D>
  /** Added to the result; `undefined` without a bias. */
  readonly bias: Parameter<tf.Tensor1D> | undefined

  constructor(
    /** Channels of the input. */
    readonly inFeatures: number,
    /** Channels of the result. */
    readonly outFeatures: number,
    options: { bias?: boolean } = {},
  ) {
    super()
    this.weight = new Parameter([outFeatures, inFeatures], [1, 0])
    this.bias = options.bias === false ? undefined : new Parameter([outFeatures])
  }

  /** `[…, inFeatures]` → `[…, outFeatures]`, of the same rank. */
  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => {
      const rows = x.reshape<tf.Tensor2D>([-1, this.inFeatures])
      const weight = this.weight.tensor
      const y = this.bias ? tf.fused.matMul({ a: rows, b: weight, bias: this.bias.tensor }) : tf.matMul(rows, weight)
      return y.reshape<T>([...x.shape.slice(0, -1), this.outFeatures])
    })
  }
}
