/** The blocks on the UNet's way up. Counterpart: models/unets/unet_2d_blocks.py (get_up_block). */
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { ResnetBlock2D } from '../layers/resnet-block-2d'
import type { Transformer2DModel } from '../layers/transformer-2d-model'
import { type HeightAndWidth, Upsample2D } from '../layers/upsample-2d'
import type { AddedKVAttention } from './added-kv-attention'
import {
  type BlockInputs,
  type BlockParts,
  createAttentions,
  createResnet,
  resnetFamily,
  type UNetBlockOptions,
} from './block-parts'
import type { UpBlockType } from './config'

const parts: Record<UpBlockType, BlockParts> = {
  UpBlock2D: { attention: 'none', resample: 'conv' },
  CrossAttnUpBlock2D: { attention: 'transformer', resample: 'conv' },
  ResnetUpsampleBlock2D: { attention: 'none', resample: 'resnet' },
  SimpleCrossAttnUpBlock2D: { attention: 'addedKV', resample: 'resnet' },
}

/** What a block on the way up is made from. */
export interface UpBlockOptions extends UNetBlockOptions {
  /** Channels of the map that comes from below. */
  prevOutChannels: number
  /** Channels of the residual that the last layer gets; those of the others have `outChannels`. */
  skipChannels: number
  numLayers: number
  addUpsample: boolean
}

/** What a block on the way up gets. */
export interface UpBlockInputs extends BlockInputs {
  /** The maps of the way down, one for each layer; the last one is used first. */
  residuals: readonly tf.Tensor4D[]
  /** The size of the result; default: twice that of the input. */
  upsampleSize?: HeightAndWidth | undefined
}

/** Residual blocks, each with a map of the way down beside its input and its attention behind it, then a larger map. */
export class UpBlock extends Module {
  readonly resnets: readonly ResnetBlock2D[]
  readonly attentions: readonly (Transformer2DModel | AddedKVAttention)[]
  readonly upsamplers: readonly (Upsample2D | ResnetBlock2D)[]
  /** For each residual block, how many channels of its input come from below; the others are a map of the way down. */
  readonly channelsFromBelow: readonly number[]

  constructor(
    readonly type: UpBlockType,
    options: UpBlockOptions,
  ) {
    super()
    const { prevOutChannels, skipChannels, outChannels, numLayers, addUpsample } = options
    const { attention, resample } = parts[type]
    const family = resnetFamily(options, parts[type])
    this.channelsFromBelow = Array.from({ length: numLayers }, (_, i) => (i === 0 ? prevOutChannels : outChannels))
    this.resnets = this.channelsFromBelow.map((fromBelow, i) => {
      const residual = i === numLayers - 1 ? skipChannels : outChannels
      return createResnet(options, { ...family, inChannels: fromBelow + residual })
    })
    this.attentions = createAttentions(options, attention, numLayers)
    if (!addUpsample) this.upsamplers = []
    else if (resample === 'conv') this.upsamplers = [new Upsample2D(outChannels)]
    else this.upsamplers = [createResnet(options, { ...family, inChannels: outChannels, resample: 'up' })]
  }

  /** `[batch, height, width, prevOutChannels]` → `[batch, height', width', outChannels]`. */
  forward(hiddenStates: tf.Tensor4D, inputs: UpBlockInputs): tf.Tensor4D {
    const { residuals, temb, upsampleSize } = inputs
    return tf.tidy(() => {
      let x = hiddenStates
      for (const [i, resnet] of this.resnets.entries()) {
        const residual = residuals.at(-1 - i) as tf.Tensor4D // One for each layer.
        x = resnet.forward(tf.concat([x, residual], 3), temb)
        x = this.attentions[i]?.forward(x, inputs) ?? x
      }
      for (const upsampler of this.upsamplers) {
        x =
          upsampler instanceof ResnetBlock2D
            ? upsampler.forward(x, temb, upsampleSize)
            : upsampler.forward(x, upsampleSize)
      }
      return x
    })
  }
}
