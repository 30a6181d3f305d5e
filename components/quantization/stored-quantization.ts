/** What a config says of quantized weights: `"quantization_config": { "quant_method": "tesserae", "bits": 8, "version": 1 }`. */
import { printableValue } from '../../src/errors/printable'
import { InvalidConfigError } from '../configs/invalid-config-error'
import { QUANTIZATIONS, type Quantization } from './quantization-names'

const METHOD = 'tesserae'
const VERSION = 1

/** The entry in the config of a model whose weights this library has quantized. */
type StoredSettings = Readonly<Record<string, string | number | boolean>>

/** What tells the kinds apart. */
const KINDS: Readonly<Record<Quantization, StoredSettings>> = {
  int8: { bits: 8 },
  int8wo: { bits: 8, weights_only: true },
  int4: { bits: 4 },
}

/** The names of the key: as Python writes it, and in camelCase. */
export const QUANTIZATION_KEYS = ['quantization_config', 'quantizationConfig'] as const

/** What a config says; `undefined` if it says nothing of a quantization. */
export function quantizationSettings(config: Readonly<Record<string, unknown>>): unknown {
  return config[QUANTIZATION_KEYS[0]] ?? config[QUANTIZATION_KEYS[1]] ?? undefined
}

/** What the config of a model says whose weights are quantized so. */
export function storedSettings(quantization: Quantization): StoredSettings {
  return { quant_method: METHOD, ...KINDS[quantization], version: VERSION }
}

/** Whether settings are those of this library, rather than of another. */
export function isOwnMethod(settings: unknown): settings is Readonly<Record<string, unknown>> {
  return (settings as { quant_method?: unknown } | undefined)?.quant_method === METHOD
}

/**
 * Returns how the weights are quantized by settings of this library.
 *
 * @param file the config, for errors
 * @throws InvalidConfigError for another number of bits, another version, or a key that is not known
 */
export function storedQuantization(settings: Readonly<Record<string, unknown>>, file: string): Quantization {
  const { quant_method: _, bits, version, weights_only: weightsOnly = false, ...rest } = settings
  const refuse = (key: string, given: unknown, expected: string) => {
    const problem = `"quantization_config" has ${key} ${printableValue(given)}, expected ${expected}. Write the folder again with tesserae quantize.`
    return new InvalidConfigError(file, problem)
  }
  if (version !== VERSION) throw refuse('version', version, `${VERSION}`)
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw refuse(printableValue(unknown), rest[unknown], 'no such key')
  const ofBits = QUANTIZATIONS.filter(name => KINDS[name]['bits'] === bits)
  if (ofBits.length === 0) throw refuse('bits', bits, '8 or 4')
  const found = ofBits.find(name => (KINDS[name]['weights_only'] ?? false) === weightsOnly)
  if (found === undefined) throw refuse('weights_only', weightsOnly, bits === 8 ? 'true or false' : 'no such key')
  return found
}
