/** From images to the moments of latents. Counterpart: models/autoencoders/vae.py (Encoder). */
import { silu } from '../../nn/activations'
import { Conv2d } from '../../nn/conv2d'
import { GroupNorm } from '../../nn/group-norm'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { forwardInOrder } from '../layers/forward-in-order'
import { CoderMidBlock2D, DownEncoderBlock2D, NORM_EPS } from './coder-blocks'
import type { AutoencoderKLConfig } from './config'

/** The encoder of AutoencoderKL. */
export class Encoder extends Module {
  readonly convIn: Conv2d
  readonly downBlocks: readonly DownEncoderBlock2D[]
  readonly midBlock: CoderMidBlock2D
  readonly convNormOut: GroupNorm
  readonly convOut: Conv2d

  constructor(config: AutoencoderKLConfig) {
    super()
    const { blockOutChannels: channels, inChannels, latentChannels, normNumGroups } = config
    const first = channels[0] ?? 0
    const last = channels.at(-1) ?? 0
    this.convIn = new Conv2d(inChannels, first, { padding: 1 })
    this.downBlocks = channels.map(
      (outChannels, i) =>
        new DownEncoderBlock2D({
          config,
          inChannels: channels[i - 1] ?? first,
          outChannels,
          resample: i < channels.length - 1,
        }),
    )
    this.midBlock = new CoderMidBlock2D(config, last)
    this.convNormOut = new GroupNorm(normNumGroups, last, NORM_EPS)
    this.convOut = new Conv2d(last, 2 * latentChannels, { padding: 1 })
  }

  /** `[batch, height, width, inChannels]` → `[batch, height / f, width / f, 2 latentChannels]`. */
  forward(sample: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const x = forwardInOrder([this.convIn, ...this.downBlocks, this.midBlock], sample)
      return this.convOut.forward(silu(this.convNormOut.forward(x)))
    })
  }
}
