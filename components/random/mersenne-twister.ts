/**
 * The mt19937 random number engine (M. Matsumoto and T. Nishimura, 1998). Counterpart: at::mt19937 in PyTorch's
 * aten/src/ATen/core/MT19937RNGEngine.h.
 */

const SIZE = 624
const SHIFT = 397

/** A stream of 32-bit numbers that its seed decides. */
export class MersenneTwister {
  private readonly state = new Uint32Array(SIZE)
  private index = SIZE

  /** @param seed a whole number below 2^32 */
  constructor(seed: number) {
    const { state } = this
    state[0] = seed
    for (let i = 1; i < SIZE; i++) {
      const previous = state[i - 1] as number
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i
    }
  }

  /** The next 32 bits, as a number of at least 0. */
  next32(): number {
    if (this.index === SIZE) this.refill()
    let bits = this.state[this.index++] as number
    bits ^= bits >>> 11
    bits ^= (bits << 7) & 0x9d2c5680
    bits ^= (bits << 15) & 0xefc60000
    return (bits ^ (bits >>> 18)) >>> 0
  }

  /** An engine that goes on as this one would. */
  clone(): MersenneTwister {
    const copy = new MersenneTwister(0)
    copy.state.set(this.state)
    copy.index = this.index
    return copy
  }

  private refill(): void {
    const { state } = this
    for (let i = 0; i < SIZE; i++) {
      const next = state[i + 1 < SIZE ? i + 1 : 0] as number
      const shifted = state[i + SHIFT < SIZE ? i + SHIFT : i + SHIFT - SIZE] as number
      const bits = ((state[i] as number) & 0x80000000) | (next & 0x7fffffff)
      state[i] = shifted ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0)
    }
    this.index = 0
  }
}
