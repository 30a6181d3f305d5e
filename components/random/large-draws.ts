/** Large draws in plain JavaScript. Counterpart: PyTorch's aten/src/ATen/native/cpu/DistributionTemplates.h */
import { NORMAL_BLOCK, transformBlock } from './box-muller'
import type { MersenneTwister } from './mersenne-twister'

/** Fills an array with uniform numbers of at least 0 and below 1, of as many bits as its type has. */
export function fillUniform(values: Float32Array | Float64Array, engine: MersenneTwister): void {
  if (values instanceof Float64Array) for (let i = 0; i < values.length; i++) values[i] = engine.nextFloat64()
  else for (let i = 0; i < values.length; i++) values[i] = engine.nextFloat32()
}

/**
 * Fills an array with normal numbers: in blocks, of which the last is redrawn where the blocks do not fill the array.
 *
 * @param values at least 16
 * @param drawsRest whether uniform numbers are drawn for the rest beyond the blocks too, although they are redrawn
 */
export function fillNormal(
  values: Float32Array | Float64Array,
  engine: MersenneTwister,
  { drawsRest }: { drawsRest: boolean },
): void {
  const rest = values.length % NORMAL_BLOCK
  const end = values.length - rest
  fillUniform(drawsRest ? values : values.subarray(0, end), engine)
  for (let begin = 0; begin < end; begin += NORMAL_BLOCK) transformBlock(values, begin)
  if (rest > 0) {
    const last = values.subarray(-NORMAL_BLOCK)
    fillUniform(last, engine)
    transformBlock(last, 0)
  }
}

/** How many numbers are drawn between two looks at the clock: about a millisecond of work. A multiple of all blocks. */
const PIECE = 2 ** 17

/**
 * Fills an array with normal numbers piece by piece, in the same order as in one piece.
 *
 * @param fill fills a piece
 */
export function* fillNormalInPieces<T extends Float32Array | Float64Array>(
  values: T,
  fill: (piece: T) => void,
): Generator<void, void, void> {
  let begin = 0
  // What does not fill the blocks belongs to the last piece, which is drawn with numbers before it.
  for (; values.length - begin >= 2 * PIECE; begin += PIECE) {
    fill(values.subarray(begin, begin + PIECE) as T) // A part of an array is of the array's type.
    yield
  }
  fill(values.subarray(begin) as T)
}
