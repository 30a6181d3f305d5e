/** Takes a vector apart along another one, and weighs the part along it. */
import * as tf from '../tensors/tf'
import { dotProduct, sampleAxes, vectorLength } from './sample-products'

/**
 * The part of `vector` that stands upright on `direction`, and `weight` times the part along it.
 *
 * The reference projects in float64, which the backends do not have. Here nothing is removed and added back. The
 * change, `(weight − 1)` times the part along it, is added to the vector itself. The direction is made a unit vector
 * before the product. The two
 * differ by no more than the rounding of float32 numbers of the vector's size.
 *
 * @param vector `[batch, …]`
 * @param direction of the same shape
 * @param axes over which the vectors run; by default all but that of the batch
 */
export function weighParallelPart<T extends tf.Tensor>(
  vector: T,
  direction: tf.Tensor,
  weight: number,
  axes: readonly number[] = sampleAxes(vector),
): T {
  if (weight === 1) return vector.clone()
  return tf.tidy(() => {
    const unit = direction.div(vectorLength(direction, axes))
    return vector.add(unit.mul(dotProduct(vector, unit, axes)).mul(weight - 1)) as T // The shape is the vector's.
  })
}
