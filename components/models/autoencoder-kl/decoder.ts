/** From latents to images. Counterpart: models/autoencoders/vae.py (Decoder). */
import { silu } from '../../nn/activations'
import { Conv2d } from '../../nn/conv2d'
import { GroupNorm } from '../../nn/group-norm'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { forwardInOrder } from '../layers/forward-in-order'
import { CoderMidBlock2D, NORM_EPS, UpDecoderBlock2D } from './coder-blocks'
import type { AutoencoderKLConfig } from './config'

/** The decoder of AutoencoderKL. */
export class Decoder extends Module {
  readonly convIn: Conv2d
  readonly midBlock: CoderMidBlock2D
  readonly upBlocks: readonly UpDecoderBlock2D[]
  readonly convNormOut: GroupNorm
  readonly convOut: Conv2d

  constructor(config: AutoencoderKLConfig) {
    super()
    const channels = config.blockOutChannels.toReversed()
    const first = channels[0] ?? 0
    const last = channels.at(-1) ?? 0
    this.convIn = new Conv2d(config.latentChannels, first, { padding: 1 })
    this.midBlock = new CoderMidBlock2D(config, first)
    this.upBlocks = channels.map(
      (outChannels, i) =>
        new UpDecoderBlock2D({
          config,
          inChannels: channels[i - 1] ?? first,
          outChannels,
          resample: i < channels.length - 1,
        }),
    )
    this.convNormOut = new GroupNorm(config.normNumGroups, last, NORM_EPS)
    this.convOut = new Conv2d(last, config.outChannels, { padding: 1 })
  }

  /** `[batch, height, width, latentChannels]` → `[batch, f height, f width, outChannels]`. */
  forward(latents: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const x = forwardInOrder([this.convIn, this.midBlock, ...this.upBlocks], latents)
      return this.convOut.forward(silu(this.convNormOut.forward(x)))
    })
  }
}
