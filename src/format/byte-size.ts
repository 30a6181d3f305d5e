/** Amounts of bytes, as people write them. Counterpart: convert_file_size_to_int of accelerate, parse_size_to_int of huggingface_hub. */
import { InvalidByteSizeError } from '../errors/invalid-byte-size-error'

/** Bytes, or a text such as `3GB` or `512MiB`. */
export type ByteSize = number | string

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
 * Bytes. `GB` is 10⁹ of them and `GiB` 2³⁰; `Gb`, which stands for bits in one place and for bytes in another, is refused.
 *
 * @param setting what the amount is for, for the error
 * @param least the smallest amount that makes sense
 * @throws InvalidByteSizeError
 */
export function parseByteSize(size: ByteSize, setting: string, least = 0): number {
  const bytes = typeof size === 'number' ? size : parseText(String(size))
  if (bytes >= least) return bytes
  throw new InvalidByteSizeError(setting, least, size)
}

function parseText(text: string): number {
  const [, amount = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text) ?? []
  const factor = /^[KMGT]i?b$/.test(unit) ? undefined : UNITS[unit.toUpperCase()]
  return amount === '' || factor === undefined ? Number.NaN : Math.floor(Number(amount) * factor)
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
