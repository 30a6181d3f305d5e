/** Sizes of files as users write them. Counterpart: huggingface_hub serialization (parse_size_to_int). */
import { InvalidShardSizeError } from './invalid-shard-size-error'

const UNITS: Readonly<Record<string, number>> = {
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
 * Bytes of `5GB`, `500 MB`, `2GiB`, or of a number.
 *
 * @throws InvalidShardSizeError
 */
export function parseShardSize(size: number | string): number {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(size)) ?? []
  const factor = unit === '' ? 1 : UNITS[unit?.toUpperCase() ?? '']
  const bytes = Number(digits) * (factor ?? Number.NaN)
  if (!(bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER)) throw new InvalidShardSizeError(size)
  return Math.floor(bytes)
}
