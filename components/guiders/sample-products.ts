/** Products and lengths of predictions, each sample taken for one vector. */
import * as tf from '../tensors/tf'

/** The shortest length that is divided by. Counterpart: eps of torch.nn.functional.normalize */
export const SHORTEST = 1e-12

/** All axes but that of the batch. */
export function sampleAxes(tensor: tf.Tensor): number[] {
  return tensor.shape.map((_, axis) => axis).slice(1)
}

/**
 * The dot product over the given axes, which stay with length 1.
 *
 * @param axes by default all but that of the batch
 */
export function dotProduct(a: tf.Tensor, b: tf.Tensor, axes: readonly number[] = sampleAxes(a)): tf.Tensor {
  // One axis after the other: a backend that adds up in float32 one by one then loses little even over large images.
  return tf.tidy(() => axes.reduceRight((sums, axis) => sums.sum(axis, true), a.mul(b)))
}

/** The largest absolute value over the given axes, which stay with length 1; at least {@link SHORTEST}, so that it can be divided by. */
export function largestValue(tensor: tf.Tensor, axes: readonly number[] = sampleAxes(tensor)): tf.Tensor {
  return tf.tidy(() =>
    tensor
      .abs()
      .max([...axes], true)
      .maximum(SHORTEST),
  )
}

/**
 * The Euclidean length over the given axes, which stay with length 1; at least {@link SHORTEST}, so that it can be divided by. The
 * squares are taken after a division by the largest value, so they neither overflow nor vanish.
 */
export function vectorLength(tensor: tf.Tensor, axes: readonly number[] = sampleAxes(tensor)): tf.Tensor {
  return tf.tidy(() => {
    const largest = largestValue(tensor, axes)
    const scaled = tensor.div(largest)
    return dotProduct(scaled, scaled, axes).sqrt().mul(largest).maximum(SHORTEST)
  })
}
