/** Inputs of layers that are quantized, and the comparison of their results. */
import * as tf from '@tensorflow/tfjs'

/** Numbers between -1 and 2, so that zero is not in the middle of their range. */
export function someNumbers<R extends tf.Rank>(shape: tf.ShapeMap[R]): tf.Tensor<R> {
  return tf.tidy(() =>
    tf
      .sin(tf.range(0, tf.util.sizeFromShape([...shape])).mul(1.7))
      .mul(1.5)
      .add(0.5)
      .reshape(shape),
  )
}

/** Makes sure that numbers are those that are expected, up to a part of the largest. */
export function expectNear([computed, expected]: [Float32Array, Float32Array], tolerance = 1e-5): void {
  const largest = Math.max(...expected.map(Math.abs))
  const wrong = expected.findIndex((value, i) => !(Math.abs(value - (computed[i] as number)) <= tolerance * largest))
  expect(wrong < 0 ? undefined : [wrong, computed[wrong], expected[wrong]]).toBeUndefined()
}
