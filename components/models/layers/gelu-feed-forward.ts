/** The feed-forward part of image projections. Counterpart: models/attention.py (FeedForward), models/activations.py (GELU). */
import { gelu } from '../../nn/activations'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'

/** What a {@link GELUFeedForward} is made from. */
export interface GELUFeedForwardOptions {
  dim: number
  /** Channels of the result. */
  dimOut: number
  /** Channels between the two layers. */
  innerDim: number
  /** Default: true. */
  bias?: boolean
}

/** A projection with the exact GELU behind it. */
export class GELUProjection extends Module {
  readonly proj: Linear

  constructor(dimIn: number, dimOut: number, options: { bias?: boolean }) {
    super()
    this.proj = new Linear(dimIn, dimOut, options)
  }

  /** `[…, dimIn]` → `[…, dimOut]`. */
  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => gelu(this.proj.forward(x)))
  }
}

/** Two linear layers with a GELU between them. */
export class GELUFeedForward extends Module {
  /** The reference has a dropout at index 1. */
  readonly net: readonly [GELUProjection, undefined, Linear]

  constructor({ dim, dimOut, innerDim, bias = true }: GELUFeedForwardOptions) {
    super()
    this.net = [new GELUProjection(dim, innerDim, { bias }), undefined, new Linear(innerDim, dimOut, { bias })]
  }

  /** `[…, dim]` → `[…, dimOut]`. */
  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => this.net[2].forward(this.net[0].forward(x)))
  }
}
