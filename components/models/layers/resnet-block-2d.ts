/** The residual block of UNets and VAEs. Counterpart: models/resnet.py (ResnetBlock2D). */
import { type ActivationName, activations } from '../../nn/activations'
import { Conv2d } from '../../nn/conv2d'
import { GroupNorm } from '../../nn/group-norm'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { type HeightAndWidth, upsampleNearest } from './upsample-2d'

/** What a residual block is made from. */
export interface ResnetBlock2DOptions {
  inChannels: number
  outChannels: number
  /** Width of the time embedding; without one the block takes no time. */
  tembChannels?: number | undefined
  groups: number
  eps: number
  actFn: ActivationName
  /** Whether the time is added, or scales and shifts the second norm's result. */
  timeEmbeddingNorm?: 'default' | 'scale_shift' | undefined
  /** Takes the time embedding without an activation. */
  skipTimeAct?: boolean | undefined
  /** The result is divided by this. */
  outputScaleFactor?: number | undefined
  /** Changes the size of the map on the way. */
  resample?: 'up' | 'down' | undefined
}

/** Norm, activation and convolution twice, with the time embedding in between, and a shortcut around both. */
export class ResnetBlock2D extends Module {
  readonly norm1: GroupNorm
  readonly conv1: Conv2d
  readonly timeEmbProj: Linear | undefined
  readonly norm2: GroupNorm
  readonly conv2: Conv2d
  /** Brings the shortcut to the new number of channels. */
  readonly convShortcut: Conv2d | undefined

  constructor(private readonly options: ResnetBlock2DOptions) {
    super()
    const { inChannels, outChannels, tembChannels, groups, eps, timeEmbeddingNorm } = options
    this.norm1 = new GroupNorm(groups, inChannels, eps)
    this.conv1 = new Conv2d(inChannels, outChannels, { padding: 1 })
    if (tembChannels !== undefined) {
      this.timeEmbProj = new Linear(tembChannels, timeEmbeddingNorm === 'scale_shift' ? 2 * outChannels : outChannels)
    }
    this.norm2 = new GroupNorm(groups, outChannels, eps)
    this.conv2 = new Conv2d(outChannels, outChannels, { padding: 1 })
    if (inChannels !== outChannels) this.convShortcut = new Conv2d(inChannels, outChannels, { kernelSize: 1 })
  }

  /**
   * `[batch, height, width, inChannels]` → `[batch, height', width', outChannels]`.
   *
   * @param temb - `[batch, tembChannels]`
   * @param size - the size of the result for `resample: 'up'`; default: twice that of the input
   */
  forward(x: tf.Tensor4D, temb?: tf.Tensor2D, size?: HeightAndWidth): tf.Tensor4D {
    return tf.tidy(() => {
      const activation = activations[this.options.actFn]
      // A tidy for each half: maps are what fills the memory.
      const half = tf.tidy(() => this.conv1.forward(this.resampled(activation(this.norm1.forward(x)), size)))
      const hiddenStates = tf.tidy(() => this.conv2.forward(activation(this.norm2WithTime(half, temb))))

      const shortcut = this.resampled(x, size)
      const sum = hiddenStates.add<tf.Tensor4D>(this.convShortcut ? this.convShortcut.forward(shortcut) : shortcut)
      const { outputScaleFactor = 1 } = this.options
      return outputScaleFactor === 1 ? sum : sum.div(outputScaleFactor)
    })
  }

  private norm2WithTime(x: tf.Tensor4D, temb: tf.Tensor2D | undefined): tf.Tensor4D {
    if (this.timeEmbProj === undefined || temb === undefined) return this.norm2.forward(x)
    const { actFn, skipTimeAct, timeEmbeddingNorm } = this.options
    const time = this.timeEmbProj.forward(skipTimeAct ? temb : activations[actFn](temb))
    const perChannel = time.reshape<tf.Tensor4D>([time.shape[0], 1, 1, -1])
    if (timeEmbeddingNorm !== 'scale_shift') return this.norm2.forward(x.add(perChannel))
    const [scale, shift] = tf.split(perChannel, 2, 3) as [tf.Tensor4D, tf.Tensor4D] // Two parts were asked for.
    return this.norm2.forward(x).mul(scale.add(1)).add(shift)
  }

  private resampled(x: tf.Tensor4D, size: HeightAndWidth | undefined): tf.Tensor4D {
    if (this.options.resample === 'up') return upsampleNearest(x, size)
    if (this.options.resample === 'down') return tf.avgPool(x, 2, 2, 'valid')
    return x
  }
}
