/** Makes a UNet's blocks from its config. Counterpart: models/unets/unet_2d_condition.py (the middle of __init__). */
import type { UNetBlockOptions } from './block-parts'
import type { UNet2DConditionConfig } from './config'
import { DownBlock } from './down-block'
import type { UNetEncoderConfig } from './encoder-config'
import { MidBlock } from './mid-block'
import { UpBlock } from './up-block'

/** The blocks on the way down, from the largest map to the smallest. */
export function createDownBlocks(config: UNetEncoderConfig, tembChannels: number): DownBlock[] {
  const { blockOutChannels, downBlockTypes, layersPerBlock } = config
  return downBlockTypes.map(
    (type, i) =>
      new DownBlock(type, {
        ...levelOptions(config, tembChannels, i),
        inChannels: at(blockOutChannels, Math.max(i - 1, 0)),
        numLayers: at(layersPerBlock, i),
        addDownsample: i < blockOutChannels.length - 1,
      }),
  )
}

/** The block in the middle, if the config has one. */
export function createMidBlock(config: UNetEncoderConfig, tembChannels: number): MidBlock | undefined {
  const { blockOutChannels, midBlockType, onlyCrossAttention, midBlockOnlyCrossAttention } = config
  if (midBlockType === null) return undefined
  const byDefault = onlyCrossAttention === true
  return new MidBlock(midBlockType, {
    ...levelOptions(config, tembChannels, blockOutChannels.length - 1),
    // Transformer blocks in the middle always attend to the map; only the block named Simple heeds the setting.
    onlyCrossAttention: midBlockType === 'UNetMidBlock2DSimpleCrossAttn' && (midBlockOnlyCrossAttention ?? byDefault),
  })
}

/** The blocks on the way up, from the smallest map to the largest. */
export function createUpBlocks(config: UNet2DConditionConfig, tembChannels: number): UpBlock[] {
  const { blockOutChannels, upBlockTypes, layersPerBlock, reverseTransformerLayersPerBlock } = config
  const lowest = blockOutChannels.length - 1
  return upBlockTypes.map((type, i) => {
    const level = lowest - i
    const options = levelOptions(config, tembChannels, level)
    return new UpBlock(type, {
      ...options,
      // The reference reads every list from the end here but this one.
      attentionHeadDim: at(config.attentionHeadDim, i),
      transformerLayers: reverseTransformerLayersPerBlock
        ? at(reverseTransformerLayersPerBlock, i)
        : options.transformerLayers,
      prevOutChannels: at(blockOutChannels, Math.min(level + 1, lowest)),
      skipChannels: at(blockOutChannels, Math.max(level - 1, 0)),
      numLayers: at(layersPerBlock, level) + 1,
      addUpsample: i < lowest,
    })
  })
}

/** The settings of one level; level 0 has the largest map. */
function levelOptions(config: UNetEncoderConfig, tembChannels: number, level: number): UNetBlockOptions {
  return {
    config,
    tembChannels,
    outChannels: at(config.blockOutChannels, level),
    crossAttentionDim: at(config.crossAttentionDim, level),
    // One setting for both: the config's documentation says which of them a kind of block takes it for.
    numAttentionHeads: at(config.attentionHeadDim, level),
    attentionHeadDim: at(config.attentionHeadDim, level),
    transformerLayers: at(config.transformerLayersPerBlock, level),
    onlyCrossAttention: at(config.onlyCrossAttention, level),
  }
}

/** A level's element of a list, or what stands for all levels. Lists have an element for each level: the config was checked. */
function at<T>(value: T | readonly T[], level: number): T {
  return Array.isArray(value) ? value[level] : (value as T)
}
