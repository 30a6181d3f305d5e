/** The configs of ControlNets. Counterpart: models/controlnets/controlnet.py and controlnet_union.py (the parameters of __init__). */
import { z } from 'zod'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { MOST_LAYERS, mostOf } from '../most-layers'
import {
  checkEncoderSettings,
  checkLayerCount,
  encoderSettings,
  size,
  type UNetEncoderConfig,
} from '../unet-2d-condition/encoder-config'

const downBlockTypes = z.array(z.enum(['DownBlock2D', 'CrossAttnDownBlock2D']))

/** What all ControlNets have besides a UNet's way down. */
const controlSettings = {
  ...encoderSettings,
  layersPerBlock: size.default(2),
  crossAttentionDim: size,
  transformerLayersPerBlock: z.union([size, z.array(size)]).default(1),
  /** Channels of the pictures. */
  conditioningChannels: size.default(3),
  downBlockTypes,
  /** The order of the channels that the model was trained with. Pictures are always given as red, green, blue. */
  controlnetConditioningChannelOrder: z.enum(['rgb', 'bgr']).default('rgb'),
  /** Whether the maps are averaged over all positions, for models that take the style of a picture. */
  globalPoolConditions: z.boolean().default(false),
}

const embeddingChannels = (channels: readonly number[]) =>
  z
    .array(size)
    .min(1)
    .max(MOST_LAYERS)
    .default([...channels])

const schema = z
  .object({
    ...controlSettings,
    midBlockType: z.enum(['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D']).default('UNetMidBlock2DCrossAttn'),
    conditioningEmbeddingOutChannels: embeddingChannels([16, 32, 96, 256]),
  })
  .superRefine(checkLevels)

const unionSchema = z
  .object({
    ...controlSettings,
    additionTimeEmbedDim: size,
    conditioningEmbeddingOutChannels: embeddingChannels([48, 96, 192, 384]),
    /** Kinds of pictures that the model knows. */
    numControlType: size.default(6),
    numTransChannel: size.default(320),
    numTransHead: size.default(8),
    numTransLayer: size.max(MOST_LAYERS).default(1),
    numProjChannel: size.default(320),
  })
  .superRefine((config, context) => {
    checkLevels(config, context)
    const { numTransChannel, numTransHead, numProjChannel, blockOutChannels } = config
    const [first = 0] = blockOutChannels
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, input: config[key] })
    if (numTransChannel % numTransHead !== 0)
      problem('numTransHead', `${numTransHead} does not divide num_trans_channel (${numTransChannel})`)
    // Both are added to the first map.
    if (numTransChannel !== first) problem('numTransChannel', `must be the first of block_out_channels (${first})`)
    if (numProjChannel !== first) problem('numProjChannel', `must be the first of block_out_channels (${first})`)
  })

/** The config of a ControlNetModel, complete and checked. */
export type ControlNetConfig = Readonly<z.output<typeof schema>>

/** The config of a ControlNetUnionModel, complete and checked. */
export type ControlNetUnionConfig = Readonly<z.output<typeof unionSchema>>

/** The heads belong to an `additionEmbedType` that is not supported. */
const WITHOUT_EFFECT = new Set(['additionEmbedTypeNumHeads'])

/** Checks a config and completes it. @throws ConfigError */
export function parseControlNetConfig(config: RawConfig, source: ConfigSource): ControlNetConfig {
  return parseConfig(schema, config, { ...source, withoutEffect: WITHOUT_EFFECT })
}

/** Checks the config of a ControlNetUnionModel and completes it. @throws ConfigError */
export function parseControlNetUnionConfig(config: RawConfig, source: ConfigSource): ControlNetUnionConfig {
  return parseConfig(unionSchema, config, { ...source, withoutEffect: WITHOUT_EFFECT })
}

/** The config of the blocks that a ControlNet shares with UNets: what it does not say has one value. */
export function encoderConfigOf(config: ControlNetConfig | ControlNetUnionConfig): UNetEncoderConfig {
  return {
    ...config,
    midBlockType: 'midBlockType' in config ? config.midBlockType : 'UNetMidBlock2DCrossAttn',
    midBlockOnlyCrossAttention: null,
    resnetSkipTimeAct: false,
    resnetOutScaleFactor: 1,
    timeEmbeddingDim: null,
    timeCondProjDim: null,
  }
}

type ControlNetSettings = z.output<z.ZodObject<typeof controlSettings>>

function checkLevels(config: ControlNetSettings, context: z.RefinementCtx): void {
  const problem = (key: keyof ControlNetSettings, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message, input: config[key] })
  checkEncoderSettings(config, problem, ['downBlockTypes'])
  checkLayerCount(config, mostOf(config.transformerLayersPerBlock), problem)
}
