/** What a config says of quantized weights: `"quantization_config": { "quant_method": "tesserae", "bits": 8, "version": 1 }`. */
import { printableValue } from '../../src/errors/printable'
import { InvalidConfigError } from '../configs/invalid-config-error'
import type { Quantization } from './quantization-names'

/** The entry in the config of a model whose weights this library has quantized. */
export const STORED_QUANTIZATION = { quant_method: 'tesserae', bits: 8, version: 1 } as const

/** The names of the key: as Python writes it, and in camelCase. */
export const QUANTIZATION_KEYS = ['quantization_config', 'quantizationConfig'] as const

/** What a config says; `undefined` if it says nothing of a quantization. */
export function quantizationSettings(config: Readonly<Record<string, unknown>>): unknown {
  return config[QUANTIZATION_KEYS[0]] ?? config[QUANTIZATION_KEYS[1]] ?? undefined
}

/** Whether settings are those of this library, rather than of another. */
export function isOwnMethod(settings: unknown): settings is Readonly<Record<string, unknown>> {
  return (settings as { quant_method?: unknown } | undefined)?.quant_method === STORED_QUANTIZATION.quant_method
}

/**
 * Returns how the weights are quantized by settings of this library.
 *
 * @param file the config, for errors
 * @throws InvalidConfigError for another number of bits, or another version
 */
export function storedQuantization(settings: Readonly<Record<string, unknown>>, file: string): Quantization {
  for (const key of ['bits', 'version'] as const) {
    const [expected, given] = [STORED_QUANTIZATION[key], settings[key]]
    if (given === expected) continue
    const problem = `"quantization_config" has ${key} ${printableValue(given)}, expected ${expected}. Write the folder again with tesserae quantize.`
    throw new InvalidConfigError(file, problem)
  }
  return 'int8'
}
