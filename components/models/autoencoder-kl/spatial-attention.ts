/** Self-attention between the positions of a map. Counterpart: models/attention_processor.py (Attention with a group norm and a residual). */
import { GroupNorm } from '../../nn/group-norm'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { scaledDotProductAttention } from '../../nn/scaled-dot-product-attention'
import * as tf from '../../tensors/tf'

/** Norm, attention with one head, and the input added. */
export class SpatialAttention extends Module {
  readonly groupNorm: GroupNorm
  readonly toQ: Linear
  readonly toK: Linear
  readonly toV: Linear
  readonly toOut: readonly [Linear]

  constructor(channels: number, normNumGroups: number, eps: number) {
    super()
    this.groupNorm = new GroupNorm(normNumGroups, channels, eps)
    this.toQ = new Linear(channels, channels)
    this.toK = new Linear(channels, channels)
    this.toV = new Linear(channels, channels)
    this.toOut = [new Linear(channels, channels)]
  }

  /** `[batch, height, width, channels]` → the same shape. */
  forward(hiddenStates: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const [batch, height, width, channels] = hiddenStates.shape
      const tokens = this.groupNorm.forward(hiddenStates).reshape<tf.Tensor3D>([batch, height * width, channels])
      const query = this.toQ.forward(tokens)
      const key = this.toK.forward(tokens)
      const value = this.toV.forward(tokens)
      const attended = scaledDotProductAttention({ query, key, value, heads: 1 })
      return this.toOut[0].forward(attended).reshape<tf.Tensor4D>(hiddenStates.shape).add(hiddenStates)
    })
  }
}
