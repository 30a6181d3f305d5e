/** Doubles a map. Counterpart: models/upsampling.py. */
import { Conv2d } from '../../nn/conv2d'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'

/** Height and width of a map. */
export type HeightAndWidth = readonly [height: number, width: number]

/** Repeats each position to twice the size, or to a given one. */
export function upsampleNearest(x: tf.Tensor4D, size?: HeightAndWidth): tf.Tensor4D {
  const [, height, width] = x.shape
  return tf.image.resizeNearestNeighbor(x, size ? [...size] : [2 * height, 2 * width])
}

/** Nearest-neighbour upsampling, then a 3×3 convolution. */
export class Upsample2D extends Module {
  readonly conv: Conv2d

  constructor(channels: number) {
    super()
    this.conv = new Conv2d(channels, channels, { padding: 1 })
  }

  /** `[batch, height, width, channels]` → twice the size, or `size`. */
  forward(x: tf.Tensor4D, size?: HeightAndWidth): tf.Tensor4D {
    return tf.tidy(() => this.conv.forward(upsampleNearest(x, size)))
  }
}
