/** Multiplies the numbers of a tensor with the factors that are beside them in its file. */

/**
 * Returns the numbers times their scale, rounded to float32 once; the array is changed.
 *
 * @param values in row-major order
 * @param scale factors for equal parts of them: one, one for each row, or several for each
 */
export function applyScale(values: Float32Array, scale: Float32Array): Float32Array {
  const length = values.length / scale.length
  for (let i = 0; i < scale.length; i++) {
    const factor = scale[i] as number
    for (let j = i * length; j < (i + 1) * length; j++) values[j] = (values[j] as number) * factor
  }
  return values
}
