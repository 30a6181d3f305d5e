/** Seeds of random numbers. Counterpart: the argument of torch.Generator.manual_seed. */

/** A whole number of 64 bits, signed or unsigned. Numbers beyond ±(2^53 - 1) need a bigint. */
export type Seed = number | bigint

const LEAST = -(2n ** 63n)
const GREATEST = 2n ** 64n - 1n

/** Which seeds are valid, for messages. */
export const VALID_SEED = `a whole number from -2^63 (${LEAST}) to 2^64 - 1 (${GREATEST})`

/** Tells whether a value is a valid seed. A number that is not a safe integer is invalid: it may not be the one that was meant. */
export function isSeed(value: unknown): value is Seed {
  return typeof value === 'bigint' ? value >= LEAST && value <= GREATEST : Number.isSafeInteger(value)
}

/** Returns a bigint as a number where that is exact. */
export function toSeed(value: bigint): Seed {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Reads decimal digits; returns `undefined` for text that is not a valid seed. */
export function readSeed(text: string): Seed | undefined {
  // Longer texts cost time and are too large anyway.
  if (!/^\s*[+-]?\d{1,40}\s*$/.test(text)) return undefined
  const seed = toSeed(BigInt(text.trim().replace(/^\+/, '')))
  return isSeed(seed) ? seed : undefined
}

/** Returns the seed that is `count` after another, or `undefined` beyond the greatest seed. */
export function seedAfter(seed: Seed, count: number): Seed | undefined {
  const next = toSeed(BigInt(seed) + BigInt(count))
  return isSeed(next) ? next : undefined
}
