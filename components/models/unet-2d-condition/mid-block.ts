/** The block between the UNet's ways down and up. Counterpart: models/unets/unet_2d_blocks.py (get_mid_block). */
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import type { ResnetBlock2D } from '../layers/resnet-block-2d'
import type { Transformer2DModel } from '../layers/transformer-2d-model'
import type { AddedKVAttention } from './added-kv-attention'
import { type BlockInputs, type BlockParts, createAttentions, createResnet, type UNetBlockOptions } from './block-parts'
import type { MidBlockType } from './encoder-config'

const attentionOf: Record<MidBlockType, BlockParts['attention']> = {
  UNetMidBlock2D: 'none',
  UNetMidBlock2DCrossAttn: 'transformer',
  UNetMidBlock2DSimpleCrossAttn: 'addedKV',
}

/** A residual block, then attention and a second residual block if the kind has attention. */
export class MidBlock extends Module {
  readonly attentions: readonly (Transformer2DModel | AddedKVAttention)[]
  readonly resnets: readonly [ResnetBlock2D, ...ResnetBlock2D[]]

  constructor(type: MidBlockType, options: UNetBlockOptions) {
    super()
    const { config, outChannels } = options
    const attention = attentionOf[type]
    const resnet = () =>
      createResnet(options, {
        inChannels: outChannels,
        skipTimeAct: attention === 'addedKV' && config.resnetSkipTimeAct,
        outputScaleFactor: config.midBlockScaleFactor,
      })
    this.attentions = createAttentions(options, attention, 1)
    this.resnets = [resnet(), ...this.attentions.map(resnet)]
  }

  /** `[batch, height, width, channels]` → the same shape. */
  forward(hiddenStates: tf.Tensor4D, inputs: BlockInputs): tf.Tensor4D {
    return tf.tidy(() => {
      const [first, ...rest] = this.resnets
      let x = first.forward(hiddenStates, inputs.temb)
      for (const [i, resnet] of rest.entries()) {
        x = this.attentions[i]?.forward(x, inputs) ?? x
        x = resnet.forward(x, inputs.temb)
      }
      return x
    })
  }
}
