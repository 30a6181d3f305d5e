/** Attention of a sequence to itself with projections of its own. Counterpart: torch.nn.MultiheadAttention (batch_first=False). */
import * as tf from '../tensors/tf'
import { Linear } from './linear'
import { Module } from './module'
import { Parameter } from './parameter'
import { scaledDotProductAttention } from './scaled-dot-product-attention'

/** Queries, keys and values are one projection of the input, in one matrix. */
export class MultiheadAttention extends Module {
  /** `[3 · channels, channels]` in checkpoints, transposed here. */
  readonly inProjWeight: Parameter<tf.Tensor2D>
  readonly inProjBias: Parameter<tf.Tensor1D>
  readonly outProj: Linear

  constructor(
    private readonly channels: number,
    private readonly heads: number,
  ) {
    super()
    this.inProjWeight = new Parameter([3 * channels, channels], [1, 0])
    this.inProjBias = new Parameter([3 * channels])
    this.outProj = new Linear(channels, channels)
  }

  /** `[position, sequence, channels]` → the same shape: the positions of a sequence attend to each other. */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      const sequences = x.transpose<tf.Tensor3D>([1, 0, 2])
      const [count, length] = sequences.shape
      const rows = sequences.reshape<tf.Tensor2D>([-1, this.channels])
      const projected = tf.fused
        .matMul({ a: rows, b: this.inProjWeight.tensor, bias: this.inProjBias.tensor })
        .reshape<tf.Tensor3D>([count, length, 3 * this.channels])
      const [query, key, value] = tf.split(projected, 3, 2) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D]
      const attended = scaledDotProductAttention({ query, key, value, heads: this.heads })
      return this.outProj.forward(attended).transpose<tf.Tensor3D>([1, 0, 2])
    })
  }
}
