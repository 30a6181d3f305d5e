/** The config of CLIP's vision model. Counterpart: transformers models/clip/configuration_clip.py (CLIPVisionConfig). */
import { z } from 'zod'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { KEYS_WITHOUT_EFFECT } from '../clip/keys-without-effect'
import { MOST_LAYERS } from '../most-layers'

const size = z.int().positive()

/** All settings, with the reference's defaults: configs of whole CLIP models leave out what does not differ from them. */
const schema = z
  .object({
    hiddenSize: size.default(768),
    intermediateSize: size.default(3072),
    /** Width of the embeddings of CLIPVisionModelWithProjection. */
    projectionDim: size.default(512),
    numHiddenLayers: size.max(MOST_LAYERS).default(12),
    numAttentionHeads: size.default(12),
    numChannels: size.default(3),
    /** Side of the images in pixels. */
    imageSize: size.default(224),
    /** Side of the patches that an image is cut into, in pixels. */
    patchSize: size.default(32),
    hiddenAct: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
    layerNormEps: z.number().positive().default(1e-5),
  })
  .superRefine((config, context) => {
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, input: config[key] })
    if (config.hiddenSize % config.numAttentionHeads !== 0) {
      problem('numAttentionHeads', `${config.numAttentionHeads} does not divide hidden_size (${config.hiddenSize})`)
    }
    if (config.patchSize > config.imageSize) {
      problem('patchSize', `${config.patchSize} is larger than image_size (${config.imageSize})`)
    }
  })

/** The config of a CLIP vision model, complete and checked. */
export type CLIPVisionConfig = Readonly<z.output<typeof schema>>

/** Checks a config and completes it. Of the config of a whole CLIP model, it takes the part of the vision model. @throws ConfigError */
export function parseCLIPVisionConfig(config: RawConfig, source: ConfigSource): CLIPVisionConfig {
  const part = config['vision_config'] ?? config['visionConfig']
  return parseConfig(schema, typeof part === 'object' && part !== null ? (part as RawConfig) : config, {
    ...source,
    withoutEffect: KEYS_WITHOUT_EFFECT,
  })
}
