/** The config of UNet2DConditionModel. Counterpart: models/unets/unet_2d_condition.py (the parameters of __init__). */
import { z } from 'zod'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { mostOf } from '../most-layers'
import { checkEncoderSettings, checkLayerCount, encoderSettings, perLevel, size } from './encoder-config'

/** All settings: those that ControlNets have too, and a UNet's own. */
const schema = z
  .object({
    ...encoderSettings,
    sampleSize: z
      .union([size, z.tuple([size, size])])
      .nullable()
      .default(null),
    outChannels: size,
    downBlockTypes: z.array(
      z.enum(['DownBlock2D', 'CrossAttnDownBlock2D', 'ResnetDownsampleBlock2D', 'SimpleCrossAttnDownBlock2D']),
    ),
    midBlockType: z
      .enum(['UNetMidBlock2DCrossAttn', 'UNetMidBlock2DSimpleCrossAttn', 'UNetMidBlock2D'])
      .nullable()
      .default('UNetMidBlock2DCrossAttn'),
    upBlockTypes: z.array(
      z.enum(['UpBlock2D', 'CrossAttnUpBlock2D', 'ResnetUpsampleBlock2D', 'SimpleCrossAttnUpBlock2D']),
    ),
    centerInputSample: z.boolean().default(false),
    convInKernel: size.default(3),
    convOutKernel: size.default(3),
    reverseTransformerLayersPerBlock: z.array(perLevel(size)).nullable().default(null),
    midBlockOnlyCrossAttention: z.boolean().nullable().default(null),
    timeEmbeddingDim: size.nullable().default(null),
    timeCondProjDim: size.nullable().default(null),
    resnetSkipTimeAct: z.boolean().default(false),
    resnetOutScaleFactor: z.number().default(1),

    attentionType: z.enum(['default']).default('default'),
    timeEmbeddingType: z.enum(['positional']).default('positional'),
    timeEmbeddingActFn: z.null().default(null),
    timestepPostAct: z.null().default(null),
    crossAttentionNorm: z.null().default(null),
    dualCrossAttention: z.literal(false).default(false),
    classEmbeddingsConcat: z.literal(false).default(false),
  })
  .superRefine((config, context) => {
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, input: config[key] })
    checkEncoderSettings(config, problem, ['downBlockTypes', 'upBlockTypes', 'reverseTransformerLayersPerBlock'])
    const { transformerLayersPerBlock, reverseTransformerLayersPerBlock } = config
    checkLayerCount(
      config,
      Math.max(mostOf(transformerLayersPerBlock), mostOf(reverseTransformerLayersPerBlock)),
      problem,
    )
    const nested = Array.isArray(transformerLayersPerBlock) && transformerLayersPerBlock.some(Array.isArray)
    if (nested && reverseTransformerLayersPerBlock === null) {
      problem('reverseTransformerLayersPerBlock', 'is needed if transformer_layers_per_block holds lists')
    }
  })

/** The config of a UNet2DConditionModel, complete and checked. */
export type UNet2DConditionConfig = Readonly<z.output<typeof schema>>
/** Kinds of blocks on the way up. */
export type UpBlockType = UNet2DConditionConfig['upBlockTypes'][number]

/** Dropout is for training; the heads belong to an `additionEmbedType` that is not supported. */
const WITHOUT_EFFECT = new Set(['dropout', 'additionEmbedTypeNumHeads'])

/** Checks a config and completes it. @throws ConfigError */
export function parseUNet2DConditionConfig(config: RawConfig, source: ConfigSource): UNet2DConditionConfig {
  return parseConfig(schema, config, { ...source, withoutEffect: WITHOUT_EFFECT })
}
