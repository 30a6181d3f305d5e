/** The config of AutoencoderTiny. Counterpart: models/autoencoders/autoencoder_tiny.py (the parameters of __init__). */
import { z } from 'zod'
import { toCamelCase } from '../../../src/format/wire-names'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { type ActivationName, activations } from '../../nn/activations'
import { MOST_LAYERS } from '../most-layers'

const size = z.int().positive()
const activationNames = Object.keys(activations) as [ActivationName, ...ActivationName[]] // keyof typeof, which keys() loses.
const stages = z.array(size).min(1)

/** All settings, with the reference's defaults. */
const schema = z
  .object({
    inChannels: size.default(3),
    outChannels: size.default(3),
    encoderBlockOutChannels: stages.default([64, 64, 64, 64]),
    decoderBlockOutChannels: stages.default([64, 64, 64, 64]),
    actFn: z.enum(activationNames).default('relu'),
    upsampleFn: z.enum(['nearest']).default('nearest'),
    latentChannels: size.default(4),
    /** How many times larger the decoder makes maps at each stage but the last. */
    upsamplingScalingFactor: size.default(2),
    /** Residual blocks at each stage. */
    numEncoderBlocks: stages.default([1, 3, 3, 3]),
    numDecoderBlocks: stages.default([3, 3, 3, 1]),
    /** Latents are about from `-latentMagnitude` to `latentMagnitude`. */
    latentMagnitude: z.number().positive().default(3),
    /** What latents of zero become in images of latents. */
    latentShift: z.number().default(0.5),
    forceUpcast: z.boolean().default(false),
    /** Latents are multiplied by this before they go to the denoiser, and divided by it before they are decoded. */
    scalingFactor: z.number().default(1),
    /** Taken from the latents before they are scaled. */
    shiftFactor: z.number().nullable().default(0),
  })
  .superRefine((config, context) => {
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, input: config[key] })
    for (const part of ['Encoder', 'Decoder'] as const) {
      const blocks = `num${part}Blocks` as const
      const channels = config[`${part === 'Encoder' ? 'encoder' : 'decoder'}BlockOutChannels`]
      if (config[blocks].length !== channels.length) {
        const other = `${part.toLowerCase()}_block_out_channels`
        problem(blocks, `has ${config[blocks].length} elements, but ${other} has ${channels.length}`)
      }
      const layers = config[blocks].reduce((sum, count) => sum + count, 0)
      if (layers > MOST_LAYERS) problem(blocks, `asks for ${layers} layers; at most ${MOST_LAYERS} are made`)
      // The reference makes layers with other numbers of channels, which do not fit together.
      if (new Set(channels).size > 1)
        problem(blocks, `needs stages of one width, but ${part.toLowerCase()}_block_out_channels is ${channels}`)
    }
    const [shrinks, grows] = [
      2 ** (config.numEncoderBlocks.length - 1),
      config.upsamplingScalingFactor ** (config.numDecoderBlocks.length - 1),
    ]
    if (shrinks !== grows) {
      problem(
        'numDecoderBlocks',
        `make images ${grows} times larger than latents, but the encoder makes them ${shrinks} times smaller`,
      )
    }
  })

/** The config of an AutoencoderTiny, complete and checked. */
export type AutoencoderTinyConfig = Readonly<z.output<typeof schema>>

/** Keys that the reference writes and does not read. */
const WITHOUT_EFFECT = new Set(['block_out_channels'].map(toCamelCase))

/** Checks a config and completes it. @throws ConfigError */
export function parseAutoencoderTinyConfig(config: RawConfig, source: ConfigSource): AutoencoderTinyConfig {
  return parseConfig(schema, config, { ...source, withoutEffect: WITHOUT_EFFECT })
}
