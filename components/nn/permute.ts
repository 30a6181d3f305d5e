/** Reorders the dimensions of numbers on the CPU, in pieces. */
import * as tf from '../tensors/tf'

/** How many numbers one piece takes: a fraction of a millisecond. */
const PIECE = 2 ** 15

/**
 * Returns the numbers of a tensor with its dimensions in another order, as `tf.transpose` does: dimension `i` of the result is `permutation[i]` of `shape`.
 * Yields between pieces, so that others can run in between.
 *
 * @param values in row-major order of `shape`
 */
export function* permuteLoop(
  values: Float32Array,
  shape: readonly number[],
  permutation: readonly number[],
): Generator<void, Float32Array, void> {
  const strides = [...tf.util.computeStrides([...shape]), 1]
  const lengths = permutation.map(axis => shape[axis] as number)
  const steps = permutation.map(axis => strides[axis] as number)
  const rowLength = lengths.pop() ?? 1
  const rowStep = steps.pop() ?? 1
  const permuted = new Float32Array(values.length)
  const at = lengths.map(() => 0)
  let offset = 0
  for (let begin = 0, since = 0; begin < values.length; begin += rowLength) {
    for (let i = 0, from = offset; i < rowLength; i++, from += rowStep) permuted[begin + i] = values[from] as number
    offset = advance(at, lengths, steps, offset)
    since += rowLength
    if (since < PIECE) continue
    since = 0
    yield
  }
  return permuted
}

/** Moves to the next row, the last dimension first. Returns the place of its first number. */
function advance(at: number[], lengths: readonly number[], steps: readonly number[], offset: number): number {
  let place = offset
  for (let axis = at.length - 1; axis >= 0; axis--) {
    const [length, step] = [lengths[axis] as number, steps[axis] as number]
    at[axis] = (at[axis] as number) + 1
    place += step
    if ((at[axis] as number) < length) return place
    at[axis] = 0
    place -= length * step
  }
  return place
}
