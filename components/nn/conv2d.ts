/** A two-dimensional convolution. Counterpart: torch.nn.Conv2d. */
import * as tf from '../tensors/tf'
import { Module } from './module'
import { Parameter } from './parameter'

/** How a convolution moves over its input. */
export interface Conv2dOptions {
  /** Side of the square kernel; default 3. */
  kernelSize?: number
  /** Default 1. */
  stride?: number
  /** Zeros around the input, on all sides or as `[before, after]` for both dimensions; default 0. */
  padding?: number | readonly [before: number, after: number]
  /** Whether a bias is added; default true. */
  bias?: boolean
}

/** A convolution on `[batch, height, width, channels]`. */
export class Conv2d extends Module {
  /** `[out, in, height, width]` in checkpoints, `[height, width, in, out]` here. */
  readonly weight: Parameter<tf.Tensor4D>
  readonly bias: Parameter<tf.Tensor1D> | undefined
  /** Steps between two places of the kernel. */
  readonly stride: number
  /** Zeros around the input, as TensorFlow.js takes them. */
  readonly pad: Parameters<typeof tf.fused.conv2d>[0]['pad']

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions = {}) {
    super()
    const { kernelSize = 3, stride = 1, padding = 0 } = options
    this.weight = new Parameter([outChannels, inChannels, kernelSize, kernelSize], [2, 3, 1, 0])
    this.bias = options.bias === false ? undefined : new Parameter([outChannels])
    this.stride = stride
    const [before, after] = typeof padding === 'number' ? [padding, padding] : padding
    const side: [number, number] = [before, after]
    // Explicit, because TensorFlow's node binding takes no single number.
    this.pad = before + after === 0 ? 'valid' : [[0, 0], side, side, [0, 0]]
  }

  /** `[batch, height, width, in]` → `[batch, height', width', out]`. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    const { weight, bias, stride, pad } = this
    if (bias === undefined) return tf.conv2d(x, weight.tensor, stride, pad)
    return tf.fused.conv2d({ x, filter: weight.tensor, bias: bias.tensor, strides: stride, pad })
  }
}
