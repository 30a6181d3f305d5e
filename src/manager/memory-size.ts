/** Amounts of memory, as people write them. Counterpart: accelerate's convert_file_size_to_int. */
import { InvalidMemorySizeError } from '../errors/invalid-memory-size-error'

/** Bytes, or a text such as `3GB` or `512MiB`. */
export type MemorySize = number | string

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/**
 * Bytes. `GB` is 10⁹ of them and `GiB` 2³⁰.
 *
 * @param setting - what the amount is for, for the error
 * @throws InvalidMemorySizeError
 */
export function parseMemorySize(size: MemorySize, setting: string): number {
  if (typeof size === 'number') {
    if (size >= 0) return size
    throw new InvalidMemorySizeError(setting, size)
  }
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(String(size)) ?? []
  const factor = UNITS[unit.toUpperCase()]
  // A small b stands for bits in one place and for bytes in another.
  if (number === '' || factor === undefined || unit.endsWith('b')) throw new InvalidMemorySizeError(setting, size)
  return Math.floor(Number(number) * factor)
}

const SIZE_WORDS = ['B', 'KB', 'MB', 'GB', 'TB']

/** Bytes for people, in four digits or fewer: `512 B`, `1.70 GB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'no limit'
  let [amount, power] = [bytes, 0]
  while (amount >= 999.5 && power < SIZE_WORDS.length - 1) {
    amount /= 1000
    power++
  }
  const digits = power === 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2
  return `${amount.toFixed(digits)} ${SIZE_WORDS[power]}`
}
