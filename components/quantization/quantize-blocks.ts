/** Rounds a weight to 4 bits: each 64 numbers of a row to multiples of a scale of their own. */
import { inPieces } from '../../src/runtime/time-slice'
import { INT4_BLOCK } from '../checkpoints/row-scales'
import { toWindowsLoop } from '../checkpoints/window-order'

/** A weight in 4 bits: two numbers in each byte, that of the lower bits first, from 0 to 15. 8 stands for zero. */
export interface QuantizedBlocks {
  readonly values: Uint8Array
  /** One for each 64 numbers. */
  readonly scales: Float32Array
}

/** Numbers between two looks at the clock. */
const PIECE = 2 ** 14

/** Magnitudes below this have no scale whose inverse is a number: they become zero. */
const VANISHING = 2 ** -110

/**
 * What the number of the largest magnitude becomes a multiple of at first: -8, or less of the range, which rounds the others more finely and cuts this one off. Of
 * normally distributed numbers, the best of these has 5 % less error than -8 alone, and all others together gain another percent.
 */
const STEPS = [-8, -8.7, -9.4] as const

/**
 * Quantizes a weight, whose rows must be of whole blocks.
 *
 * @param values in row-major order of `shape`: `[out, in]` or `[out, in, height, width]`
 * @returns the numbers in the order of {@link toWindowsLoop}; `undefined` if one is not finite
 */
export function* quantizeBlocksLoop(
  values: Float32Array,
  shape: readonly number[],
): Generator<void, QuantizedBlocks | undefined, void> {
  const ordered = yield* toWindowsLoop(values, shape)
  const packed = new Uint8Array(ordered.length / 2)
  const scales = new Float32Array(ordered.length / INT4_BLOCK)
  let areFinite = true
  const roundBlocks = (first: number, end: number) => {
    for (let block = first; block < end && areFinite; block++) {
      const begin = block * INT4_BLOCK
      const scale = bestScale(ordered, begin)
      areFinite = Number.isFinite(scale)
      scales[block] = scale
      pack(ordered, packed, begin, scale)
    }
  }
  yield* inPieces(scales.length, roundBlocks, PIECE / INT4_BLOCK)
  return areFinite ? { values: packed, scales } : undefined
}

/** The scale whose multiples are nearest to the numbers of a block; 1 for zeros, and NaN if one is not finite. */
function bestScale(values: Float32Array, begin: number): number {
  let extreme = 0
  // Stays zero while all numbers are finite.
  let rest = 0
  for (let i = begin; i < begin + INT4_BLOCK; i++) {
    const value = values[i] as number
    if (value * value > extreme * extreme) extreme = value
    rest += value * 0
  }
  if (rest !== 0) return Number.NaN
  if (Math.abs(extreme) < VANISHING) return 1
  let best = Math.fround(extreme / STEPS[0])
  let most = -1
  for (const step of STEPS) {
    const inverse = step / extreme
    let product = 0
    let square = 0
    for (let i = begin; i < begin + INT4_BLOCK; i++) {
      const value = values[i] as number
      const rounded = round(value * inverse)
      product += rounded * value
      square += rounded * rounded
    }
    // The scale of least squares leaves the more error the smaller this is.
    const explained = square === 0 ? -1 : (product * product) / square
    if (explained <= most) continue
    most = explained
    best = Math.fround(product / square)
  }
  return best
}

/** The nearest whole number that 4 bits have. */
function round(value: number): number {
  const rounded = ((value + 8.5 + 1024) | 0) - 1032
  return Math.max(-8, Math.min(rounded, 7))
}

function pack(values: Float32Array, packed: Uint8Array, begin: number, scale: number): void {
  const inverse = 1 / scale
  for (let i = begin; i < begin + INT4_BLOCK; i += 2) {
    const low = round((values[i] as number) * inverse) + 8
    const high = round((values[i + 1] as number) * inverse) + 8
    packed[i / 2] = low | (high << 4)
  }
}
