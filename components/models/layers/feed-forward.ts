/** The feed-forward part of a transformer block. Counterpart: models/attention.py (FeedForward), models/activations.py (GEGLU). */
import { gelu } from '../../nn/activations'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'

/** A projection whose second half gates the first by its GELU (arXiv 2002.05202). */
export class GEGLU extends Module {
  readonly proj: Linear

  constructor(dimIn: number, dimOut: number) {
    super()
    this.proj = new Linear(dimIn, 2 * dimOut)
  }

  /** `[…, dimIn]` → `[…, dimOut]`. */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      const [value, gate] = tf.split(this.proj.forward(x), 2, 2) as [tf.Tensor3D, tf.Tensor3D] // Two parts were asked for.
      return value.mul(gelu(gate))
    })
  }
}

/** GEGLU to four times the width, then back. */
export class FeedForward extends Module {
  /** The reference has a dropout at index 1. */
  readonly net: readonly [GEGLU, undefined, Linear]

  constructor(dim: number) {
    super()
    const innerDim = 4 * dim
    this.net = [new GEGLU(dim, innerDim), undefined, new Linear(innerDim, dim)]
  }

  /** `[batch, token, dim]` → the same shape. */
  forward(hiddenStates: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => this.net[2].forward(this.net[0].forward(hiddenStates)))
  }
}
