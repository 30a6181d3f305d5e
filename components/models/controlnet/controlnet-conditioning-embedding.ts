/** Brings a picture to the size of the latents. Counterpart: models/controlnets/controlnet.py (ControlNetConditioningEmbedding). */
import { activations } from '../../nn/activations'
import { Conv2d } from '../../nn/conv2d'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'

/** Convolutions that halve the picture until one position of the map stands for one of the latents. */
export class ControlNetConditioningEmbedding extends Module {
  readonly convIn: Conv2d
  readonly blocks: readonly Conv2d[]
  readonly convOut: Conv2d

  /** @param blockOutChannels - between each and the next the map is halved */
  constructor(conditioningChannels: number, blockOutChannels: readonly number[], outChannels: number) {
    super()
    const padded = { kernelSize: 3, padding: 1 }
    const [first = 0] = blockOutChannels
    this.convIn = new Conv2d(conditioningChannels, first, padded)
    this.blocks = blockOutChannels
      .slice(1)
      .flatMap((next, i) => [
        new Conv2d(blockOutChannels[i] as number, blockOutChannels[i] as number, padded),
        new Conv2d(blockOutChannels[i] as number, next, { ...padded, stride: 2 }),
      ])
    this.convOut = new Conv2d(blockOutChannels.at(-1) as number, outChannels, padded)
  }

  /** `[batch, height · 2ⁿ, width · 2ⁿ, channels]` → `[batch, height, width, outChannels]`. */
  forward(conditioning: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let x = activations.silu(this.convIn.forward(conditioning))
      for (const block of this.blocks) x = activations.silu(block.forward(x))
      return this.convOut.forward(x)
    })
  }
}
