/** Puts the numbers of a matrix that lies transposed in its file into the order of its rows. */
import type { TensorInfo } from './checkpoint'

/**
 * Returns numbers of a file in row-major order: those of a transposed matrix ({@link TensorInfo.isTransposed}) in a new array, others as they are.
 *
 * @param values as they are in the file
 */
export function inRowMajorOrder({ isTransposed, shape }: TensorInfo, values: Float32Array): Float32Array {
  if (!isTransposed) return values
  const [rows = 1, columns = 1] = shape
  const ordered = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      ordered[row * columns + column] = values[column * rows + row] as number
    }
  }
  return ordered
}
