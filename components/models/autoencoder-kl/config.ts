/** The config of AutoencoderKL. Counterpart: models/autoencoders/autoencoder_kl.py (the parameters of __init__). */
import { z } from 'zod'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { type ActivationName, activations } from '../../nn/activations'
import { MOST_LAYERS } from '../most-layers'

const size = z.int().positive()
const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]] // keyof typeof, which keys() loses.

/** All settings, with the reference's defaults but for the sizes that make one VAE differ from another: those are needed. */
const schema = z
  .object({
    inChannels: size,
    outChannels: size,
    downBlockTypes: z.array(z.enum(['DownEncoderBlock2D'])),
    upBlockTypes: z.array(z.enum(['UpDecoderBlock2D'])),
    blockOutChannels: z.array(size).min(1),
    layersPerBlock: size.default(1),
    actFn: z.enum(activationNames).default('silu'),
    latentChannels: size,
    normNumGroups: size.default(32),
    sampleSize: z.union([size, z.tuple([size, size])]).default(32),
    /** Latents are multiplied by this before they go to the UNet, and divided by it before they are decoded. */
    scalingFactor: z.number().default(0.18215),
    /** Taken from the latents before they are scaled. */
    shiftFactor: z.number().nullable().default(null),
    /** Mean of each channel of the latents. With {@link latentsStd}, taken from them in place of the shift. */
    latentsMean: z.array(z.number()).nullable().default(null),
    /** Standard deviation of each channel of the latents, which they are divided by. */
    latentsStd: z.array(z.number()).nullable().default(null),
    /** Whether the model needs float32, which it always gets here. */
    forceUpcast: z.boolean().default(true),
    useQuantConv: z.boolean().default(true),
    usePostQuantConv: z.boolean().default(true),
    midBlockAddAttention: z.boolean().default(true),
  })
  .superRefine((config, context) => {
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, input: config[key] })
    const levels = config.blockOutChannels.length
    for (const key of ['downBlockTypes', 'upBlockTypes'] as const) {
      if (config[key].length !== levels) {
        problem(key, `has ${config[key].length} elements, but block_out_channels has ${levels}`)
      }
    }
    const layers = levels * config.layersPerBlock
    if (layers > MOST_LAYERS)
      problem('layersPerBlock', `asks for some ${layers} layers; at most ${MOST_LAYERS} are made`)
    if (config.blockOutChannels.some(channels => channels % config.normNumGroups !== 0)) {
      problem(
        'normNumGroups',
        `${config.normNumGroups} does not divide block_out_channels (${config.blockOutChannels})`,
      )
    }
  })

/** The config of an AutoencoderKL, complete and checked. */
export type AutoencoderKLConfig = Readonly<z.output<typeof schema>>

/** Checks a config and completes it. @throws ConfigError */
export function parseAutoencoderKLConfig(config: RawConfig, source: ConfigSource): AutoencoderKLConfig {
  return parseConfig(schema, config, source)
}
