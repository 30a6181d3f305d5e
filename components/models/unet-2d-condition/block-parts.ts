/** The parts that the UNet's blocks are put together from. Counterpart: models/unets/unet_2d_blocks.py. */
import type * as tf from '../../tensors/tf'
import type { CrossAttentionInputs } from '../layers/basic-transformer-block'
import { ResnetBlock2D } from '../layers/resnet-block-2d'
import { Transformer2DModel } from '../layers/transformer-2d-model'
import { AddedKVAttention } from './added-kv-attention'
import type { UNetEncoderConfig } from './encoder-config'

/** What all layers of a block get besides the map. */
export interface BlockInputs extends CrossAttentionInputs {
  /** The time embedding: `[batch, tembChannels]`. */
  temb: tf.Tensor2D
}

/** Which parts a kind of block has. */
export interface BlockParts {
  attention: 'none' | 'transformer' | 'addedKV'
  /** Whether the map changes its size in a convolution of its own or inside a residual block. */
  resample: 'conv' | 'resnet'
}

/** The settings of one block: those of the whole model, and those of its level. */
export interface UNetBlockOptions {
  config: UNetEncoderConfig
  tembChannels: number
  /** Channels of the block's result. */
  outChannels: number
  crossAttentionDim: number
  numAttentionHeads: number
  attentionHeadDim: number
  /** Transformer blocks in each attention layer: one number for all, or one for each. */
  transformerLayers: number | readonly number[]
  onlyCrossAttention: boolean
}

/** A residual block of a level. */
export function createResnet(
  { config, tembChannels, outChannels }: UNetBlockOptions,
  options: { inChannels: number; skipTimeAct?: boolean; outputScaleFactor?: number; resample?: 'up' | 'down' },
): ResnetBlock2D {
  return new ResnetBlock2D({
    ...options,
    outChannels,
    tembChannels,
    groups: config.normNumGroups,
    eps: config.normEps,
    actFn: config.actFn,
    timeEmbeddingNorm: config.resnetTimeScaleShift,
  })
}

/** What residual blocks of this family take from the config besides {@link createResnet}. */
export function resnetFamily({ config }: UNetBlockOptions, { resample }: BlockParts) {
  // The reference gives these two settings to the blocks that resample in residual blocks, and to no others.
  if (resample === 'conv') return {}
  return { skipTimeAct: config.resnetSkipTimeAct, outputScaleFactor: config.resnetOutScaleFactor }
}

/** The attention layers of a level, one behind each residual block; none for blocks without attention. */
export function createAttentions(
  options: UNetBlockOptions,
  attention: BlockParts['attention'],
  numLayers: number,
): (Transformer2DModel | AddedKVAttention)[] {
  if (attention === 'none') return []
  return Array.from({ length: numLayers }, (_, layer) =>
    attention === 'transformer' ? createTransformer(options, layer) : createAddedKVAttention(options),
  )
}

function createTransformer(options: UNetBlockOptions, layer: number): Transformer2DModel {
  const { config, outChannels, numAttentionHeads, transformerLayers } = options
  return new Transformer2DModel({
    inChannels: outChannels,
    numAttentionHeads,
    attentionHeadDim: Math.floor(outChannels / numAttentionHeads),
    numLayers: typeof transformerLayers === 'number' ? transformerLayers : (transformerLayers[layer] ?? 1),
    normNumGroups: config.normNumGroups,
    crossAttentionDim: options.crossAttentionDim,
    useLinearProjection: config.useLinearProjection,
    onlyCrossAttention: options.onlyCrossAttention,
  })
}

function createAddedKVAttention(options: UNetBlockOptions): AddedKVAttention {
  return new AddedKVAttention({
    channels: options.outChannels,
    headDim: options.attentionHeadDim,
    addedKVProjDim: options.crossAttentionDim,
    normNumGroups: options.config.normNumGroups,
    onlyCrossAttention: options.onlyCrossAttention,
  })
}
