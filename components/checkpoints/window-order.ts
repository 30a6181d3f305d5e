/** The order of numbers in rows of 4-bit integers: in a convolution, the positions of the window come before its channels, as products of windows need them. */
import { inPieces } from '../../src/runtime/time-slice'
import type { TensorInfo } from './checkpoint'

/** Numbers that are moved between two looks at the clock. */
const PIECE = 2 ** 16

/** Returns numbers of a file in the order of the checkpoint, `[out, in, height, width]`: those of {@link TensorInfo.dtype} `I4_ROWS` in a new array, others as they are. */
export function* fromWindowsLoop(
  { dtype, shape }: TensorInfo,
  values: Float32Array,
): Generator<void, Float32Array, void> {
  return dtype === 'I4_ROWS' && shape.length === 4 ? yield* reorder(values, shape, true) : values
}

/** Returns the numbers of a weight in the order in which its 4-bit integers are stored: `[out, height, width, in]` for a convolution, and as they are for a matrix. */
export function* toWindowsLoop(values: Float32Array, shape: readonly number[]): Generator<void, Float32Array, void> {
  return shape.length === 4 ? yield* reorder(values, shape, false) : values
}

/** @param shape `[out, in, height, width]` */
function* reorder(
  values: Float32Array,
  [rows = 1, channels = 1, height = 1, width = 1]: readonly number[],
  isFromWindows: boolean,
): Generator<void, Float32Array, void> {
  const positions = height * width
  if (positions === 1) return values
  const ordered = new Float32Array(values.length)
  const length = channels * positions
  // Of the dimensions of a row, that which varies fastest in the result.
  const [outer, inner] = isFromWindows ? [channels, positions] : [positions, channels]
  const reorderRows = (first: number, end: number) => {
    for (let row = first; row < end; row++) {
      const begin = row * length
      for (let i = 0, to = begin; i < outer; i++)
        for (let j = 0, from = begin + i; j < inner; j++, from += outer) ordered[to++] = values[from] as number
    }
  }
  yield* inPieces(rows, reorderRows, Math.max(1, Math.floor(PIECE / length)))
  return ordered
}
