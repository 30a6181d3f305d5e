/**
 * Seeds that are made out of other seeds, so that streams of random numbers are independent. Source: M. E. O'Neill, "Developing a seed_seq
 * alternative" (https://www.pcg-random.org/posts/developing-a-seed_seq-alternative.html); counterpart: numpy.random.SeedSequence
 */

const HASH_START = 0x43b0d7e5
const HASH_FACTOR = 0x931e8875
const OUTPUT_START = 0x8b51f9dd
const OUTPUT_FACTOR = 0x58f38ded
const MIX_LEFT = 0xca01f9dd
const MIX_RIGHT = 0x4973f715

/** What a sequence is made from besides a seed. */
export interface SeedSequenceOptions {
  /** Whole numbers of at least 0 that tell sequences of one seed apart. Default: none. */
  spawnKey?: readonly (number | bigint)[]
  /** How many words of 32 bits the sequence remembers. Default: 4. */
  poolSize?: number
}

/** Spreads a seed over a pool of words, from which any number of words can be made. */
export class SeedSequence {
  private readonly pool: Uint32Array

  /** @param entropy the seed, a whole number of at least 0, as large as you like */
  constructor(entropy: number | bigint, { spawnKey = [], poolSize = 4 }: SeedSequenceOptions = {}) {
    const seed = toWords(entropy)
    // With a key, the seed fills the pool, so that its zeros are not taken for a key.
    const padding = spawnKey.length > 0 ? Math.max(poolSize - seed.length, 0) : 0
    this.pool = fillPool([...seed, ...new Array<number>(padding).fill(0), ...spawnKey.flatMap(toWords)], poolSize)
  }

  /** Words of 32 bits; always the same ones. */
  generateState(count: number): Uint32Array {
    const hash = hasher(OUTPUT_START, OUTPUT_FACTOR)
    return Uint32Array.from({ length: count }, (_, i) => hash(this.pool[i % this.pool.length] as number))
  }
}

function fillPool(words: readonly number[], size: number): Uint32Array {
  const hash = hasher(HASH_START, HASH_FACTOR)
  const pool = Uint32Array.from({ length: size }, (_, i) => hash(words[i] ?? 0))
  for (let from = 0; from < size; from++) {
    for (let to = 0; to < size; to++) {
      if (from !== to) pool[to] = mix(pool[to] as number, hash(pool[from] as number))
    }
  }
  for (const word of words.slice(size)) {
    for (let to = 0; to < size; to++) pool[to] = mix(pool[to] as number, hash(word))
  }
  return pool
}

/** A hash whose key moves on with every word. */
function hasher(start: number, factor: number): (word: number) => number {
  let key = start
  return word => {
    const keyed = word ^ key
    key = Math.imul(key, factor)
    return foldDown(Math.imul(keyed, key))
  }
}

function mix(a: number, b: number): number {
  return foldDown(Math.imul(MIX_LEFT, a) - Math.imul(MIX_RIGHT, b))
}

function foldDown(word: number): number {
  return (word ^ (word >>> 16)) >>> 0
}

/** A number in words of 32 bits, the lowest first. */
function toWords(value: number | bigint): number[] {
  const words: number[] = []
  let rest = BigInt(value)
  do {
    words.push(Number(rest & 0xffffffffn))
    rest >>= 32n
  } while (rest > 0n)
  return words
}
