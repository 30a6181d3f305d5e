/** The blocks of the VAE's encoder and decoder. Counterpart: models/unets/unet_2d_blocks.py (DownEncoderBlock2D, UNetMidBlock2D, UpDecoderBlock2D). */
import { Module } from '../../nn/module'
import type * as tf from '../../tensors/tf'
import { Downsample2D } from '../layers/downsample-2d'
import { forwardInOrder } from '../layers/forward-in-order'
import { ResnetBlock2D } from '../layers/resnet-block-2d'
import { Upsample2D } from '../layers/upsample-2d'
import type { AutoencoderKLConfig } from './config'
import { SpatialAttention } from './spatial-attention'

/** What is added to variances in every group norm of the VAE. */
export const NORM_EPS = 1e-6

/** The level of a block. */
export interface CoderBlockOptions {
  config: AutoencoderKLConfig
  inChannels: number
  outChannels: number
  /** Whether the map changes its size at the end. */
  resample: boolean
}

function createResnets({ config, inChannels, outChannels }: CoderBlockOptions, numLayers: number): ResnetBlock2D[] {
  const { normNumGroups: groups, actFn } = config
  return Array.from(
    { length: numLayers },
    (_, i) =>
      new ResnetBlock2D({ inChannels: i === 0 ? inChannels : outChannels, outChannels, groups, eps: NORM_EPS, actFn }),
  )
}

/** Residual blocks, then half the size. */
export class DownEncoderBlock2D extends Module {
  readonly resnets: readonly ResnetBlock2D[]
  readonly downsamplers: readonly Downsample2D[]

  constructor(options: CoderBlockOptions) {
    super()
    this.resnets = createResnets(options, options.config.layersPerBlock)
    this.downsamplers = options.resample ? [new Downsample2D(options.outChannels, 0)] : []
  }

  /** `[batch, height, width, inChannels]` → `[batch, height / 2, width / 2, outChannels]`. */
  forward(hiddenStates: tf.Tensor4D): tf.Tensor4D {
    return forwardInOrder([...this.resnets, ...this.downsamplers], hiddenStates)
  }
}

/** Residual blocks, then twice the size. */
export class UpDecoderBlock2D extends Module {
  readonly resnets: readonly ResnetBlock2D[]
  readonly upsamplers: readonly Upsample2D[]

  constructor(options: CoderBlockOptions) {
    super()
    this.resnets = createResnets(options, options.config.layersPerBlock + 1)
    this.upsamplers = options.resample ? [new Upsample2D(options.outChannels)] : []
  }

  /** `[batch, height, width, inChannels]` → `[batch, 2 height, 2 width, outChannels]`. */
  forward(hiddenStates: tf.Tensor4D): tf.Tensor4D {
    return forwardInOrder([...this.resnets, ...this.upsamplers], hiddenStates)
  }
}

/** Two residual blocks with attention in between. */
export class CoderMidBlock2D extends Module {
  readonly attentions: readonly SpatialAttention[]
  readonly resnets: readonly ResnetBlock2D[]

  constructor(config: AutoencoderKLConfig, channels: number) {
    super()
    this.attentions = config.midBlockAddAttention
      ? [new SpatialAttention(channels, config.normNumGroups, NORM_EPS)]
      : []
    this.resnets = createResnets({ config, inChannels: channels, outChannels: channels, resample: false }, 2)
  }

  /** `[batch, height, width, channels]` → the same shape. */
  forward(hiddenStates: tf.Tensor4D): tf.Tensor4D {
    const [first, second] = this.resnets
    return forwardInOrder(
      [first, ...this.attentions, second].filter(layer => layer !== undefined),
      hiddenStates,
    )
  }
}
