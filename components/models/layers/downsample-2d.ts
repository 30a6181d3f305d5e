/** Halves a map. Counterpart: models/downsampling.py. */
import { Conv2d } from '../../nn/conv2d'
import { Module } from '../../nn/module'
import type * as tf from '../../tensors/tf'

/** A 3×3 convolution with stride 2. */
export class Downsample2D extends Module {
  readonly conv: Conv2d

  /** Padding 0 means one row below and one column on the right, as the VAE's encoder was trained. */
  constructor(channels: number, padding: number) {
    super()
    this.conv = new Conv2d(channels, channels, { stride: 2, padding: padding === 0 ? [0, 1] : padding })
  }

  /** `[batch, height, width, channels]` → `[batch, height', width', channels]`. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.conv.forward(x)
  }
}
