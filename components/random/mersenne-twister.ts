/**
 * The mt19937 random number engine (M. Matsumoto and T. Nishimura, 1998). Counterpart: at::mt19937 in PyTorch's
 * aten/src/ATen/core/MT19937RNGEngine.h.
 */

/** How many words an engine holds. */
export const ENGINE_WORDS = 624
const SHIFT = 397

/** Where an engine is in its stream. */
export interface MersenneTwisterState {
  /** 624 words. */
  readonly words: Uint32Array
  /** The place of the next word; 0 before the first draw, although all words are used up then. */
  readonly next: number
  /** How many draws there are until the words are made again, that draw included. */
  readonly left: number
}

/** A stream of 32-bit numbers that its seed decides. */
export class MersenneTwister {
  private readonly words = new Uint32Array(ENGINE_WORDS)
  private next = 0
  private left = 1
  private refills = 0

  /** @param seed a whole number below 2^32 */
  constructor(seed: number) {
    const { words } = this
    words[0] = seed
    for (let i = 1; i < ENGINE_WORDS; i++) {
      const previous = words[i - 1] as number
      words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i
    }
  }

  /** An engine that continues from a place in a stream. */
  static at({ words, next, left }: MersenneTwisterState): MersenneTwister {
    const engine = new MersenneTwister(0)
    engine.words.set(words)
    engine.next = next
    engine.left = left
    return engine
  }

  /** A number that grows with every draw: equal numbers mean that nothing was drawn in between. */
  get position(): number {
    return ENGINE_WORDS * this.refills - this.left
  }

  /** Where this engine is. The words are a copy. */
  get state(): MersenneTwisterState {
    return { words: this.words.slice(), next: this.next, left: this.left }
  }

  /** The next 32 bits, as a number of at least 0. */
  next32(): number {
    if (--this.left === 0) this.refill()
    let bits = this.words[this.next++] as number
    bits ^= bits >>> 11
    bits ^= (bits << 7) & 0x9d2c5680
    bits ^= (bits << 15) & 0xefc60000
    return (bits ^ (bits >>> 18)) >>> 0
  }

  /** A uniform number of 24 bits, of at least 0 and below 1. */
  nextFloat32(): number {
    return (this.next32() & 0xffffff) / 2 ** 24
  }

  /** A uniform number of 53 bits: 21 from one draw, 32 from the next. */
  nextFloat64(): number {
    const high = this.next32() & 0x1fffff
    return (high * 2 ** 32 + this.next32()) / 2 ** 53
  }

  /**
   * Lets numbers be drawn elsewhere.
   *
   * @param draw gets the words, which it changes as drawing does, and the place of the next: 624 if all are used up. It
   * draws at least one number, and returns the place after the last.
   */
  drawElsewhere(draw: (words: Uint32Array, place: number) => number): void {
    this.next = draw(this.words, ENGINE_WORDS + 1 - this.left)
    this.left = ENGINE_WORDS + 1 - this.next
    // Drawing elsewhere may have made the words again any number of times.
    this.refills++
  }

  /** An engine that continues as this one would. */
  clone(): MersenneTwister {
    return MersenneTwister.at(this.state)
  }

  private refill(): void {
    const { words } = this
    for (let i = 0; i < ENGINE_WORDS; i++) {
      const next = words[i + 1 < ENGINE_WORDS ? i + 1 : 0] as number
      const shifted = words[i + SHIFT < ENGINE_WORDS ? i + SHIFT : i + SHIFT - ENGINE_WORDS] as number
      const bits = ((words[i] as number) & 0x80000000) | (next & 0x7fffffff)
      words[i] = shifted ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0)
    }
    this.next = 0
    this.left = ENGINE_WORDS
    this.refills++
  }
}
