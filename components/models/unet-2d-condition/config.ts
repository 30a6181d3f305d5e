/** The config of UNet2DConditionModel. Counterpart: models/unets/unet_2d_condition.py (the parameters of __init__). */
import { z } from 'zod'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { type ActivationName, activations } from '../../nn/activations'
import { MOST_LAYERS, mostOf } from '../most-layers'

const size = z.int().positive()
const perLevel = <T extends z.ZodType>(item: T) => z.union([item, z.array(item)])
const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]] // keyof typeof, which keys() loses.

/**
 * All settings, with the reference's defaults. The sizes that make one UNet differ from another have none: with the reference's they
 * would only turn up as a list of weights of another shape. Settings that allow one value are features not supported.
 */
const schema = z
  .object({
    sampleSize: z
      .union([size, z.tuple([size, size])])
      .nullable()
      .default(null),
    inChannels: size,
    outChannels: size,
    blockOutChannels: z.array(size).min(1),
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
    layersPerBlock: perLevel(size).default(2),
    centerInputSample: z.boolean().default(false),
    convInKernel: size.default(3),
    convOutKernel: size.default(3),
    downsamplePadding: z.int().nonnegative().default(1),
    actFn: z.enum(activationNames).default('silu'),
    normNumGroups: size.default(32),
    normEps: z.number().positive().default(1e-5),
    midBlockScaleFactor: z.number().default(1),

    crossAttentionDim: perLevel(size),
    /** The number of heads in transformer blocks; the width of a head in the blocks named Simple. */
    attentionHeadDim: perLevel(size).default(8),
    transformerLayersPerBlock: z.union([size, z.array(perLevel(size))]).default(1),
    reverseTransformerLayersPerBlock: z.array(perLevel(size)).nullable().default(null),
    onlyCrossAttention: perLevel(z.boolean()).default(false),
    midBlockOnlyCrossAttention: z.boolean().nullable().default(null),
    useLinearProjection: z.boolean().default(false),
    /** No difference in float32. */
    upcastAttention: z.boolean().default(false),

    flipSinToCos: z.boolean().default(true),
    freqShift: z.number().default(0),
    timeEmbeddingDim: size.nullable().default(null),
    timeCondProjDim: size.nullable().default(null),
    resnetTimeScaleShift: z.enum(['default', 'scale_shift']).default('default'),
    resnetSkipTimeAct: z.boolean().default(false),
    resnetOutScaleFactor: z.number().default(1),

    classEmbedType: z.enum(['projection']).nullable().default(null),
    numClassEmbeds: size.nullable().default(null),
    additionEmbedType: z.enum(['text_time']).nullable().default(null),
    additionTimeEmbedDim: size.nullable().default(null),
    projectionClassEmbeddingsInputDim: size.nullable().default(null),

    attentionType: z.enum(['default']).default('default'),
    timeEmbeddingType: z.enum(['positional']).default('positional'),
    timeEmbeddingActFn: z.null().default(null),
    timestepPostAct: z.null().default(null),
    encoderHidDim: z.null().default(null),
    encoderHidDimType: z.null().default(null),
    numAttentionHeads: z.null().default(null),
    crossAttentionNorm: z.null().default(null),
    dualCrossAttention: z.literal(false).default(false),
    classEmbeddingsConcat: z.literal(false).default(false),
  })
  .superRefine((config, context) => {
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, input: config[key] })
    const levels = config.blockOutChannels.length
    const lists = [
      'downBlockTypes',
      'upBlockTypes',
      'layersPerBlock',
      'crossAttentionDim',
      'attentionHeadDim',
      'onlyCrossAttention',
      'transformerLayersPerBlock',
      'reverseTransformerLayersPerBlock',
    ] as const
    for (const key of lists) {
      const value = config[key]
      if (Array.isArray(value) && value.length !== levels) {
        problem(key, `has ${value.length} elements, but block_out_channels has ${levels}`)
      }
    }
    const { layersPerBlock, transformerLayersPerBlock, reverseTransformerLayersPerBlock } = config
    const deepest = Math.max(mostOf(transformerLayersPerBlock), mostOf(reverseTransformerLayersPerBlock))
    const layers = levels * mostOf(layersPerBlock) * deepest
    if (layers > MOST_LAYERS)
      problem('layersPerBlock', `asks for some ${layers} layers; at most ${MOST_LAYERS} are made`)
    if (config.blockOutChannels.some(channels => channels % config.normNumGroups !== 0)) {
      problem(
        'normNumGroups',
        `${config.normNumGroups} does not divide block_out_channels (${config.blockOutChannels})`,
      )
    }
    const nested =
      Array.isArray(config.transformerLayersPerBlock) && config.transformerLayersPerBlock.some(Array.isArray)
    if (nested && config.reverseTransformerLayersPerBlock === null) {
      problem('reverseTransformerLayersPerBlock', 'is needed where transformer_layers_per_block holds lists')
    }
    const projects = config.classEmbedType === 'projection' || config.additionEmbedType === 'text_time'
    if (projects && config.projectionClassEmbeddingsInputDim === null) {
      problem('projectionClassEmbeddingsInputDim', 'is needed with this class_embed_type or addition_embed_type')
    }
    if (config.additionEmbedType === 'text_time' && config.additionTimeEmbedDim === null) {
      problem('additionTimeEmbedDim', 'is needed with addition_embed_type "text_time"')
    }
  })

/** The config of a UNet2DConditionModel, complete and checked. */
export type UNet2DConditionConfig = Readonly<z.output<typeof schema>>
/** Kinds of blocks on the way down. */
export type DownBlockType = UNet2DConditionConfig['downBlockTypes'][number]
/** Kinds of blocks between the ways down and up. */
export type MidBlockType = NonNullable<UNet2DConditionConfig['midBlockType']>
/** Kinds of blocks on the way up. */
export type UpBlockType = UNet2DConditionConfig['upBlockTypes'][number]

/** Dropout is for training; the heads belong to an `additionEmbedType` that is not supported. */
const WITHOUT_EFFECT = new Set(['dropout', 'additionEmbedTypeNumHeads'])

/** Checks a config and completes it. @throws ConfigError */
export function parseUNet2DConditionConfig(config: RawConfig, source: ConfigSource): UNet2DConditionConfig {
  return parseConfig(schema, config, { ...source, withoutEffect: WITHOUT_EFFECT })
}
