/** One layer of a LoRA: two small matrices beside a layer of a model. Counterpart: peft tuners/lora/layer.py */

import type { HookedForward } from '../../models/hooks/module-hook'
import { Conv2d } from '../../nn/conv2d'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { AdaptableLayer } from './layer-names'

/** The shapes of a layer's tensors, as the file has them. */
export interface LoraShapes {
  readonly down: readonly number[]
  readonly up: readonly number[]
  readonly mid?: readonly number[] | undefined
  readonly magnitude?: readonly number[] | undefined
  readonly bias?: readonly number[] | undefined
}

/** Adds `scale · up(down(x))` to what a layer computes; with a magnitude, the sum of the weights is scaled to it (DoRA). */
export class LoraLayer extends Module {
  /** `[rank, in]` or `[rank, in, height, width]` in files. */
  readonly down: Parameter
  /** `[out, rank]` or `[out, rank, 1, 1]` in files. */
  readonly up: Parameter
  /** Between the two, of a convolution that is taken apart into three (LoCon): `[rank, rank, height, width]` in files. */
  readonly mid: Parameter | undefined
  /** Norms of the rows of the weight (DoRA): one for each channel of the result. */
  readonly magnitude: Parameter | undefined
  /** Added with the product: `[out]`. */
  readonly bias: Parameter | undefined
  /** The inner size of the product. */
  readonly rank: number

  constructor(
    { down, up, mid, magnitude, bias }: LoraShapes,
    /** What the numbers of the file are multiplied with: alpha / rank. */
    readonly scale: number,
  ) {
    super()
    this.down = matrix(down)
    this.up = matrix(up)
    this.mid = mid && matrix(mid)
    this.magnitude = magnitude && new Parameter(magnitude)
    this.bias = bias && new Parameter(bias)
    this.rank = down[0] ?? 0
  }

  /** Computes in place of the layer's forward. The hook's only number is the factor on the product. */
  forward({ module, run, args, numbers }: HookedForward): tf.Tensor {
    const base = module as AdaptableLayer // It was looked for.
    const scale = numbers[0] as tf.Tensor1D
    return tf.tidy(() => {
      const result = run(...args) as tf.Tensor
      const product = this.product(base, args[0] as tf.Tensor, scale)
      if (this.magnitude === undefined) return result.add(product)
      const weight: tf.Tensor = base.weight.tensor
      const factor = this.rowFactors(weight.add(this.weightChange(weight.shape, scale)))
      // A bias is not scaled.
      const plain = base.bias === undefined ? result : result.sub(base.bias.tensor)
      return result.add(plain.mul(factor.sub(1))).add(product.mul(factor))
    })
  }

  /**
   * Adds the layer to a weight, in the layout in which layers hold it.
   *
   * @returns the sum; with a magnitude, scaled to that
   */
  addTo(weight: tf.Tensor, scale: number | tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const sum = weight.add(this.weightChange(weight.shape, scale))
      return this.magnitude === undefined ? sum : sum.mul(this.rowFactors(sum))
    })
  }

  /** The change of a weight of that shape: `[in, out]`, or `[height, width, in, out]`. */
  private weightChange(shape: readonly number[], scale: number | tf.Tensor): tf.Tensor {
    const up = this.up.tensor.reshape<tf.Tensor2D>([this.rank, -1])
    const down = this.down.tensor.reshape<tf.Tensor2D>([-1, this.rank])
    const { mid } = this
    if (mid === undefined)
      return tf
        .matMul(down, up)
        .mul(scale)
        .reshape([...shape])
    const [height = 1, width = 1] = mid.tensor.shape
    const atEach = (matrix: tf.Tensor2D) => matrix.expandDims<tf.Tensor3D>(0).tile([height * width, 1, 1])
    const inner = tf.matMul(mid.tensor.reshape<tf.Tensor3D>([height * width, this.rank, this.rank]), atEach(up))
    return tf
      .matMul(atEach(down), inner)
      .mul(scale)
      .reshape([...shape])
  }

  /** What each channel of a weight is multiplied with so that its norm is the magnitude (DoRA): `[out]`. */
  private rowFactors(weight: tf.Tensor): tf.Tensor1D {
    const channels = weight.shape.at(-1) as number
    const magnitude = (this.magnitude as Parameter).tensor.reshape<tf.Tensor1D>([channels]) // Asked for with DoRA alone.
    return magnitude.div(weight.reshape([-1, channels]).square().sum(0).sqrt())
  }

  private product(base: AdaptableLayer, x: tf.Tensor, scale: tf.Tensor1D): tf.Tensor {
    const product =
      base instanceof Linear ? this.linear(base, x, scale) : this.convolution(base, x as tf.Tensor4D, scale)
    return this.bias === undefined ? product : product.add(this.bias.tensor.mul(scale))
  }

  private linear(base: Linear, x: tf.Tensor, scale: tf.Tensor1D): tf.Tensor {
    const rows = x.reshape<tf.Tensor2D>([-1, base.inFeatures])
    const down = tf.matMul(rows, this.down.tensor.reshape<tf.Tensor2D>([-1, this.rank]))
    const up = tf.matMul(down.mul(scale), this.up.tensor.reshape<tf.Tensor2D>([this.rank, -1]))
    return up.reshape([...x.shape.slice(0, -1), base.outFeatures])
  }

  private convolution(base: Conv2d, x: tf.Tensor4D, scale: tf.Tensor1D): tf.Tensor {
    const { stride, pad } = base
    const { down, mid } = this
    const inner =
      mid === undefined
        ? tf.conv2d(x, filter(down.tensor), stride, pad)
        : tf.conv2d(tf.conv2d(x, filter(down.tensor), 1, 'valid'), filter(mid.tensor), stride, pad)
    return tf.conv2d(inner.mul<tf.Tensor4D>(scale), filter(this.up.tensor), 1, 'valid')
  }
}

/** A matrix, or the filter of a convolution, in the layouts of {@link Linear} and {@link Conv2d}. */
function matrix(shape: readonly number[]): Parameter {
  return new Parameter(shape, shape.length === 2 ? [1, 0] : [2, 3, 1, 0])
}

/** A matrix as the filter of a convolution of one pixel. */
function filter(weight: tf.Tensor): tf.Tensor4D {
  return weight.rank === 4 ? (weight as tf.Tensor4D) : weight.expandDims(0).expandDims(0)
}
