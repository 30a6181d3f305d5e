/** The small transformer of a ControlNetUnionModel. Counterpart: models/controlnets/controlnet_union.py (ResidualAttentionBlock). */
import { quickGelu } from '../../nn/activations'
import { LayerNorm } from '../../nn/layer-norm'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { MultiheadAttention } from '../../nn/multihead-attention'
import * as tf from '../../tensors/tf'

/** Two linear layers with a quick GELU in between. */
export class ResidualAttentionMlp extends Module {
  readonly cFc: Linear
  readonly cProj: Linear

  constructor(channels: number) {
    super()
    this.cFc = new Linear(channels, 4 * channels)
    this.cProj = new Linear(4 * channels, channels)
  }

  /** `[…, channels]` → the same shape. */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => this.cProj.forward(quickGelu(this.cFc.forward(x))))
  }
}

/** Attention and two linear layers, each with a norm before it and the input added behind it. */
export class ResidualAttentionBlock extends Module {
  readonly attn: MultiheadAttention
  readonly ln_1: LayerNorm
  readonly mlp: ResidualAttentionMlp
  readonly ln_2: LayerNorm

  constructor(channels: number, heads: number) {
    super()
    this.attn = new MultiheadAttention(channels, heads)
    this.ln_1 = new LayerNorm(channels)
    this.mlp = new ResidualAttentionMlp(channels)
    this.ln_2 = new LayerNorm(channels)
  }

  /** `[position, sequence, channels]` → the same shape. */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      const attended = x.add<tf.Tensor3D>(this.attn.forward(this.ln_1.forward(x)))
      return attended.add<tf.Tensor3D>(this.mlp.forward(this.ln_2.forward(attended)))
    })
  }
}
