/** The blocks on the UNet's way down. Counterpart: models/unets/unet_2d_blocks.py (get_down_block). */
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { Downsample2D } from '../layers/downsample-2d'
import { ResnetBlock2D } from '../layers/resnet-block-2d'
import type { Transformer2DModel } from '../layers/transformer-2d-model'
import type { AddFeatures } from './added-features'
import type { AddedKVAttention } from './added-kv-attention'
import {
  type BlockInputs,
  type BlockParts,
  createAttentions,
  createResnet,
  resnetFamily,
  type UNetBlockOptions,
} from './block-parts'
import type { DownBlockType } from './encoder-config'

const parts: Record<DownBlockType, BlockParts> = {
  DownBlock2D: { attention: 'none', resample: 'conv' },
  CrossAttnDownBlock2D: { attention: 'transformer', resample: 'conv' },
  ResnetDownsampleBlock2D: { attention: 'none', resample: 'resnet' },
  SimpleCrossAttnDownBlock2D: { attention: 'addedKV', resample: 'resnet' },
}

/** What a block on the way down is made from. */
export interface DownBlockOptions extends UNetBlockOptions {
  inChannels: number
  numLayers: number
  addDownsample: boolean
}

/** Residual blocks, each with its attention, then a smaller map. */
export class DownBlock extends Module {
  readonly resnets: readonly ResnetBlock2D[]
  readonly attentions: readonly (Transformer2DModel | AddedKVAttention)[]
  readonly downsamplers: readonly (Downsample2D | ResnetBlock2D)[]

  constructor(type: DownBlockType, options: DownBlockOptions) {
    super()
    const { inChannels, outChannels, numLayers, addDownsample, config } = options
    const { attention, resample } = parts[type]
    const family = resnetFamily(options, parts[type])
    this.resnets = Array.from({ length: numLayers }, (_, i) =>
      createResnet(options, { ...family, inChannels: i === 0 ? inChannels : outChannels }),
    )
    this.attentions = createAttentions(options, attention, numLayers)
    if (!addDownsample) this.downsamplers = []
    else if (resample === 'conv') this.downsamplers = [new Downsample2D(outChannels, config.downsamplePadding)]
    else this.downsamplers = [createResnet(options, { ...family, inChannels: outChannels, resample: 'down' })]
  }

  /**
   * `[batch, height, width, inChannels]` → `[batch, height', width', outChannels]`, and the map after each layer for the
   * way up.
   *
   * @param add - adds the map of a T2I-Adapter before the map gets smaller
   */
  forward(hiddenStates: tf.Tensor4D, inputs: BlockInputs, add?: AddFeatures): [tf.Tensor4D, tf.Tensor4D[]] {
    return tf.tidy(() => {
      const last = this.resnets.length - 1
      const residuals: tf.Tensor4D[] = []
      let x = hiddenStates
      for (const [i, resnet] of this.resnets.entries()) {
        x = resnet.forward(x, inputs.temb)
        x = this.attentions[i]?.forward(x, inputs) ?? x
        if (add && i === last) x = add(x)
        residuals.push(x)
      }
      for (const downsampler of this.downsamplers) {
        x = downsampler instanceof ResnetBlock2D ? downsampler.forward(x, inputs.temb) : downsampler.forward(x)
        residuals.push(x)
      }
      return [x, residuals]
    })
  }
}
