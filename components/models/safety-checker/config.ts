/** The config of the safety checker. Counterpart: transformers models/clip/configuration_clip.py (CLIPConfig). */
import { z } from 'zod'
import { type ConfigSource, parseConfig, type RawConfig } from '../../configs/parse-config'
import { KEYS_WITHOUT_EFFECT } from '../clip/keys-without-effect'
import { type CLIPVisionConfig, parseCLIPVisionConfig } from '../clip-vision/config'

const schema = z.object({
  /** Width of the embeddings of images and concepts. */
  projectionDim: z.int().positive().default(512),
  visionConfig: z.record(z.string(), z.unknown()).default({}),
})

/** The config of a safety checker, complete and checked. */
export interface SafetyCheckerConfig {
  readonly [key: string]: unknown
  readonly projectionDim: number
  readonly visionConfig: CLIPVisionConfig
}

/** Keys of a whole CLIP model that the safety checker does not read. */
const WITHOUT_EFFECT = new Set([
  ...KEYS_WITHOUT_EFFECT,
  'textConfig',
  'textConfigDict',
  'visionConfigDict',
  'logitScaleInitValue',
])

/** Checks a config and completes it. @throws ConfigError */
export function parseSafetyCheckerConfig(config: RawConfig, source: ConfigSource): SafetyCheckerConfig {
  const { projectionDim, visionConfig } = parseConfig(schema, config, { ...source, withoutEffect: WITHOUT_EFFECT })
  return Object.freeze({ projectionDim, visionConfig: parseCLIPVisionConfig(visionConfig, source) })
}
