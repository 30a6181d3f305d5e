/** The config of CLIP's text model. Counterpart: transformers models/clip/configuration_clip.py (CLIPTextConfig). */
import { z } from 'zod'
import { toCamelCase } from '../../../src/format/wire-names'
import { type ConfigSource, isSetting, parseConfig, type RawConfig } from '../../configs/parse-config'
import { warnOfUnreadKeys } from '../../configs/unread-keys'
import { KEYS_WITHOUT_EFFECT } from '../clip/keys-without-effect'
import { MOST_LAYERS } from '../most-layers'

const size = z.int().positive()
const token = z.int().nonnegative()

/** All settings, with the reference's defaults but for the sizes that make one model differ from another: those are needed. */
const schema = z
  .object({
    vocabSize: size,
    hiddenSize: size,
    intermediateSize: size,
    numHiddenLayers: size.max(MOST_LAYERS),
    numAttentionHeads: size,
    maxPositionEmbeddings: size,
    /** Width of the pooled output of CLIPTextModelWithProjection. */
    projectionDim: size.default(512),
    hiddenAct: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
    layerNormEps: z.number().positive().default(1e-5),
    /** Whether pipelines hide the filler tokens from the model: diffusers reads this setting, transformers only keeps it. */
    useAttentionMask: z.boolean().default(false),
    bosTokenId: token.nullable().default(49406),
    /** The pooled output is taken at the first such token; 2 stands for the highest id, as old configs have it. */
    eosTokenId: token.default(49407),
    padTokenId: token.nullable().default(1),
  })
  .superRefine((config, context) => {
    if (config.hiddenSize % config.numAttentionHeads !== 0) {
      const message = `${config.numAttentionHeads} does not divide hidden_size (${config.hiddenSize})`
      context.addIssue({ code: 'custom', path: ['numAttentionHeads'], message, input: config.numAttentionHeads })
    }
  })

/** The config of a CLIP text model, complete and checked. */
export type CLIPTextConfig = Readonly<z.output<typeof schema>>

/** Keys of the config of a whole CLIP model that are about its other parts. */
const OF_OTHER_PARTS = new Set(
  [
    'text_config',
    'text_config_dict',
    'vision_config',
    'vision_config_dict',
    'projection_dim',
    'logit_scale_init_value',
  ].map(toCamelCase),
)

/** Checks a config and completes it. Of the config of a whole CLIP model, it takes the part of the text model. @throws ConfigError */
export function parseCLIPTextConfig(config: RawConfig, source: ConfigSource): CLIPTextConfig {
  const part = config['text_config'] ?? config['textConfig']
  const isWhole = typeof part === 'object' && part !== null
  if (isWhole) {
    const unread = Object.keys(config).filter(key => {
      const name = toCamelCase(key)
      return isSetting(key, config[key]) && !OF_OTHER_PARTS.has(name) && !KEYS_WITHOUT_EFFECT.has(name)
    })
    warnOfUnreadKeys(unread, config, source)
  }
  return parseConfig(schema, isWhole ? (part as RawConfig) : config, { ...source, withoutEffect: KEYS_WITHOUT_EFFECT })
}
