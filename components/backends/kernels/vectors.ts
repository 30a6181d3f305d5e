/**
 * Arithmetic on blocks of float32 values; each operation is rounded by itself. It runs in WebAssembly, whose vectors
 * take a tenth of the time of JavaScript's numbers. Where that is not allowed (`node --jitless`), it runs in
 * JavaScript.
 */
import { instantiate } from '../../assembled/instantiate'
import { bytes } from '../../assembled/vectors'

/** How many values a block holds: few enough for the blocks of a step to stay in the processor's caches. */
export const VECTOR_BLOCK = 4096

/** How many values an operation takes at a time: it gets a multiple of this. */
export const LANES = 16

const BYTES_PER_BLOCK = VECTOR_BLOCK * Float32Array.BYTES_PER_ELEMENT

/** Operations on blocks in a memory. They get the address of each block in bytes, see {@link addressOf}; the result may replace an operand. */
export interface Vectors {
  /** The blocks. */
  readonly blocks: readonly Float32Array[]
  /** `out = a · x + b · y` */
  addTwo(out: number, a: number, x: number, b: number, y: number, count: number): void
  /** `out = a · x` */
  scale(out: number, a: number, x: number, count: number): void
  /** `out = min(max(x, low), high)`; NaN stays NaN. */
  clip(out: number, low: number, high: number, x: number, count: number): void
}

/** Where a block is in the memory. */
export function addressOf(block: number): number {
  return block * BYTES_PER_BLOCK
}

/** In WebAssembly, with at least so many blocks; `undefined` if none exists. */
export function assembledVectors(blocks: number): Vectors | undefined {
  const instance = instantiate<Omit<Vectors, 'blocks'>>(bytes, addressOf(blocks))
  return instance && { blocks: cut(new Float32Array(instance.memory)), ...instance.functions }
}

/** In JavaScript. */
export function scriptedVectors(blocks: number): Vectors {
  const memory = new Float32Array(blocks * VECTOR_BLOCK)
  const run = (out: number, count: number, operation: (i: number) => number) => {
    for (let i = 0; i < count; i++) memory[out / 4 + i] = operation(i)
  }
  const at = (address: number, i: number) => memory[address / 4 + i] as number
  const { fround } = Math
  return {
    blocks: cut(memory),
    addTwo(out, a, x, b, y, count) {
      const [p, q] = [fround(a), fround(b)]
      run(out, count, i => fround(p * at(x, i)) + fround(q * at(y, i)))
    },
    scale(out, a, x, count) {
      const p = fround(a)
      run(out, count, i => p * at(x, i))
    },
    clip(out, low, high, x, count) {
      run(out, count, i => Math.min(Math.max(at(x, i), low), high))
    },
  }
}

function cut(memory: Float32Array): Float32Array[] {
  return Array.from({ length: memory.length / VECTOR_BLOCK }, (_, i) =>
    memory.subarray(i * VECTOR_BLOCK, (i + 1) * VECTOR_BLOCK),
  )
}

/** Enough for all but long histories. */
const USUAL_BLOCKS = 32

let made: Vectors | undefined

/** Those that everything here shares, with at least so many blocks. Their contents do not outlive a use. */
export function sharedVectors(blocks: number): Vectors {
  if (made === undefined || made.blocks.length < blocks) {
    const enough = Math.max(2 * blocks, USUAL_BLOCKS)
    made = assembledVectors(enough) ?? scriptedVectors(enough)
  }
  return made
}
