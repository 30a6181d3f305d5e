/** Multiplies the numbers of a tensor with the factors that are beside them in its file. */
import type { TensorInfo } from './checkpoint'

/**
 * Returns the numbers times their scale, rounded to float32 once; the array is changed.
 *
 * @param values in row-major order
 * @param scale one factor, or one for each row
 */
export function applyScale({ shape }: TensorInfo, values: Float32Array, scale: Float32Array): Float32Array {
  const row = scale.length === 1 ? values.length : values.length / (shape[0] ?? 1)
  for (let i = 0; i < scale.length; i++) {
    const factor = scale[i] as number
    for (let j = i * row; j < (i + 1) * row; j++) values[j] = (values[j] as number) * factor
  }
  return values
}
