/** The config of T2I-Adapters. Counterpart: models/adapter.py (the parameters of T2IAdapter.__init__). */
import { z } from 'zod'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { MOST_LAYERS } from '../most-layers'

const size = z.int().positive()

const schema = z
  .object({
    /** Channels of the pictures: 3, or 1 for sketches. */
    inChannels: size.default(3),
    /** Channels of the map of each level. */
    channels: z.array(size).min(1).default([320, 640, 1280, 1280]),
    /** Residual blocks of each level. */
    numResBlocks: size.max(MOST_LAYERS).default(2),
    /** Pixels of a side that become one position of the first map. */
    downscaleFactor: size.max(64).default(8),
    adapterType: z.enum(['full_adapter', 'full_adapter_xl', 'light_adapter']).default('full_adapter'),
  })
  .superRefine(({ channels, numResBlocks, adapterType }, context) => {
    const layers = (channels.length + 1) * numResBlocks
    const problem = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, input: channels })
    if (layers > MOST_LAYERS) problem('channels', `asks for ${layers} layers; at most ${MOST_LAYERS} are made`)
    // The reference makes no convolution between other levels.
    if (adapterType === 'full_adapter_xl') {
      const changed = channels.findIndex((count, i) => i > 2 && count !== channels[i - 1])
      if (changed > 0)
        problem('channels', `must not change after the third level, but level ${changed + 1} has ${channels[changed]}`)
    }
  })

/** The config of a T2IAdapter, complete and checked. */
export type T2IAdapterConfig = Readonly<z.output<typeof schema>>

/** Checks a config and completes it. @throws ConfigError */
export function parseT2IAdapterConfig(config: RawConfig, source: ConfigSource): T2IAdapterConfig {
  return parseConfig(schema, config, source)
}
