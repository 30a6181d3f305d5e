/** The settings that UNets and ControlNets have in common: those of the way down and of the middle. */
import { z } from 'zod'
import { type ActivationName, activations } from '../../nn/activations'
import { MOST_LAYERS, mostOf } from '../most-layers'

/** A number of something: at least one. */
export const size = z.int().positive()

/** One value for all levels, or one for each. */
export const perLevel = <T extends z.ZodType>(item: T) => z.union([item, z.array(item)])

const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]] // keyof typeof, which keys() loses.

/**
 * Settings with the reference's defaults. The sizes that make one model differ from another have none: with the reference's they
 * would only turn up as a list of weights of another shape. Settings that allow one value are features not supported.
 */
export const encoderSettings = {
  inChannels: size,
  blockOutChannels: z.array(size).min(1),
  layersPerBlock: perLevel(size).default(2),
  downsamplePadding: z.int().nonnegative().default(1),
  actFn: z.enum(activationNames).default('silu'),
  normNumGroups: size.default(32),
  normEps: z.number().positive().default(1e-5),
  midBlockScaleFactor: z.number().default(1),

  crossAttentionDim: perLevel(size),
  /** The number of heads in transformer blocks; the width of a head in the blocks named Simple. */
  attentionHeadDim: perLevel(size).default(8),
  transformerLayersPerBlock: z.union([size, z.array(perLevel(size))]).default(1),
  onlyCrossAttention: perLevel(z.boolean()).default(false),
  useLinearProjection: z.boolean().default(false),
  /** No difference in float32. */
  upcastAttention: z.boolean().default(false),

  flipSinToCos: z.boolean().default(true),
  freqShift: z.number().default(0),
  resnetTimeScaleShift: z.enum(['default', 'scale_shift']).default('default'),

  classEmbedType: z.enum(['projection']).nullable().default(null),
  numClassEmbeds: size.nullable().default(null),
  additionEmbedType: z.enum(['text_time']).nullable().default(null),
  additionTimeEmbedDim: size.nullable().default(null),
  projectionClassEmbeddingsInputDim: size.nullable().default(null),

  encoderHidDim: z.null().default(null),
  encoderHidDimType: z.null().default(null),
  numAttentionHeads: z.null().default(null),
}

const settings = z.object(encoderSettings)

/** Kinds of blocks on the way down. */
export type DownBlockType =
  | 'DownBlock2D'
  | 'CrossAttnDownBlock2D'
  | 'ResnetDownsampleBlock2D'
  | 'SimpleCrossAttnDownBlock2D'

/** Kinds of blocks in the middle. */
export type MidBlockType = 'UNetMidBlock2DCrossAttn' | 'UNetMidBlock2DSimpleCrossAttn' | 'UNetMidBlock2D'

/** What the blocks of the way down and of the middle are made from. */
export interface UNetEncoderConfig extends Readonly<z.output<typeof settings>> {
  readonly downBlockTypes: readonly DownBlockType[]
  readonly midBlockType: MidBlockType | null
  readonly midBlockOnlyCrossAttention: boolean | null
  readonly resnetSkipTimeAct: boolean
  readonly resnetOutScaleFactor: number
  readonly timeEmbeddingDim: number | null
  readonly timeCondProjDim: number | null
}

/** A config that is checked: its lists must have an element for each level. */
type Checked = z.output<typeof settings>

/** Says of a setting what is wrong with it. */
export type TellProblem<C> = (key: keyof C, message: string) => void

/** Checks what the settings have to do with each other. */
export function checkEncoderSettings<C extends Checked>(
  config: C,
  problem: TellProblem<C>,
  /** Settings that may be lists with an element for each level, besides those of the encoder. */
  otherLists: readonly (keyof C)[],
): void {
  const levels = config.blockOutChannels.length
  const lists: readonly (keyof C)[] = [
    ...otherLists,
    'layersPerBlock',
    'crossAttentionDim',
    'attentionHeadDim',
    'onlyCrossAttention',
    'transformerLayersPerBlock',
  ]
  for (const key of lists) {
    const value = config[key]
    if (Array.isArray(value) && value.length !== levels) {
      problem(key, `has ${value.length} elements, but block_out_channels has ${levels}`)
    }
  }
  if (config.blockOutChannels.some(channels => channels % config.normNumGroups !== 0)) {
    problem('normNumGroups', `${config.normNumGroups} does not divide block_out_channels (${config.blockOutChannels})`)
  }
  const projects = config.classEmbedType === 'projection' || config.additionEmbedType === 'text_time'
  if (projects && config.projectionClassEmbeddingsInputDim === null) {
    problem('projectionClassEmbeddingsInputDim', 'is needed with this class_embed_type or addition_embed_type')
  }
  if (config.additionEmbedType === 'text_time' && config.additionTimeEmbedDim === null) {
    problem('additionTimeEmbedDim', 'is needed with addition_embed_type "text_time"')
  }
}

/** Refuses more layers than models have. @param deepest - layers of the deepest transformer */
export function checkLayerCount<C extends Checked>(config: C, deepest: number, problem: TellProblem<C>): void {
  const layers = config.blockOutChannels.length * mostOf(config.layersPerBlock) * deepest
  if (layers > MOST_LAYERS) problem('layersPerBlock', `asks for some ${layers} layers; at most ${MOST_LAYERS} are made`)
}
