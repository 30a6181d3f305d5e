/** The encoder and the decoder of AutoencoderTiny. Counterpart: models/autoencoders/vae.py (EncoderTiny, DecoderTiny), models/unets/unet_2d_blocks.py (AutoencoderTinyBlock). */
import { type ActivationName, activations } from '../../nn/activations'
import { Conv2d } from '../../nn/conv2d'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { forwardInOrder, type MapLayer } from '../layers/forward-in-order'
import type { AutoencoderTinyConfig } from './config'

/** An activation as a layer, which has a number in the names of weights. */
class ActivationLayer extends Module {
  constructor(private readonly actFn: ActivationName) {
    super()
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return activations[this.actFn](x)
  }
}

/** Repeats each position. */
class UpsampleLayer extends Module {
  constructor(private readonly factor: number) {
    super()
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    const [, height, width] = x.shape
    return tf.image.resizeNearestNeighbor(x, [this.factor * height, this.factor * width])
  }
}

/** Three convolutions, the input added, then ReLU. */
class AutoencoderTinyBlock extends Module {
  readonly conv: readonly (Module & MapLayer)[]

  constructor(channels: number, actFn: ActivationName) {
    super()
    const conv = () => new Conv2d(channels, channels, { padding: 1 })
    this.conv = [conv(), new ActivationLayer(actFn), conv(), new ActivationLayer(actFn), conv()]
  }

  /** `[batch, height, width, channels]` → the same shape. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.relu(forwardInOrder(this.conv, x).add<tf.Tensor4D>(x)))
  }
}

/** From images to latents. */
export class EncoderTiny extends Module {
  readonly layers: readonly (Module & MapLayer)[]

  constructor({ numEncoderBlocks, encoderBlockOutChannels, inChannels, latentChannels, actFn }: AutoencoderTinyConfig) {
    super()
    const stages = numEncoderBlocks.map((count, i) => {
      const channels = encoderBlockOutChannels[i] ?? 0
      const first =
        i === 0
          ? new Conv2d(inChannels, channels, { padding: 1 })
          : new Conv2d(channels, channels, { padding: 1, stride: 2, bias: false })
      return [first, ...blocks(count, channels, actFn)]
    })
    const last = new Conv2d(encoderBlockOutChannels.at(-1) ?? 0, latentChannels, { padding: 1 })
    this.layers = [...stages.flat(), last]
  }

  /** `[batch, height, width, inChannels]`, from -1 to 1 → `[batch, height / f, width / f, latentChannels]`. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => forwardInOrder(this.layers, x.add<tf.Tensor4D>(1).div(2)))
  }
}

/** From latents to images. */
export class DecoderTiny extends Module {
  readonly layers: readonly (Module & MapLayer)[]

  constructor(config: AutoencoderTinyConfig) {
    super()
    const { numDecoderBlocks, decoderBlockOutChannels, latentChannels, outChannels, actFn } = config
    const stages = numDecoderBlocks.map((count, i) => {
      const channels = decoderBlockOutChannels[i] ?? 0
      const parts = blocks(count, channels, actFn)
      if (i === numDecoderBlocks.length - 1) return [...parts, new Conv2d(channels, outChannels, { padding: 1 })]
      const upsample = new UpsampleLayer(config.upsamplingScalingFactor)
      return [...parts, upsample, new Conv2d(channels, channels, { padding: 1, bias: false })]
    })
    const first = new Conv2d(latentChannels, decoderBlockOutChannels[0] ?? 0, { padding: 1 })
    this.layers = [first, new ActivationLayer(actFn), ...stages.flat()]
  }

  /** `[batch, height, width, latentChannels]` → `[batch, f height, f width, outChannels]`, about from -1 to 1. */
  forward(z: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const bounded = z.div<tf.Tensor4D>(3).tanh<tf.Tensor4D>().mul<tf.Tensor4D>(3)
      return forwardInOrder(this.layers, bounded).mul<tf.Tensor4D>(2).sub(1)
    })
  }
}

function blocks(count: number, channels: number, actFn: ActivationName): AutoencoderTinyBlock[] {
  return Array.from({ length: count }, () => new AutoencoderTinyBlock(channels, actFn))
}
