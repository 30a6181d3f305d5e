/** Safety checkers with thresholds of a test's choice. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goldenFolder } from '../../components/models/golden-model-case'

/** More than any cosine. */
const NEVER = 2

/** Settings with which a feature extractor makes pictures for the small checker. */
export const smallFeatures = { size: 24, crop_size: 24 }

/**
 * Writes the small random checker that Python has made into a folder, with other thresholds: it flags pictures whose cosine with one concept is above the
 * threshold, and no others.
 */
export function writeSafetyChecker(folder: string, { concept, threshold }: { concept: number; threshold: number }) {
  cpSync(goldenFolder('safety_checker'), folder, { recursive: true })
  const file = join(folder, 'model.safetensors')
  const bytes = readFileSync(file)
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, { data_offsets: number[] }>
  for (const name of ['concept_embeds_weights', 'special_care_embeds_weights']) {
    const [begin = 0, end = 0] = header[name]?.data_offsets ?? []
    for (let at = begin; at < end; at += 4) bytes.writeFloatLE(NEVER, 8 + length + at)
    if (name === 'concept_embeds_weights') bytes.writeFloatLE(threshold, 8 + length + begin + 4 * concept)
  }
  writeFileSync(file, bytes)
}
