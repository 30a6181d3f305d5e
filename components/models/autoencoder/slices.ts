/** Computes a batch in slices. Counterpart: models/autoencoders/autoencoder_kl.py (use_slicing). */
import * as tf from '../../tensors/tf'

/** Computes so many images of a batch at a time. */
export async function inSlices(
  x: tf.Tensor4D,
  images: number,
  compute: (slice: tf.Tensor4D) => Promise<tf.Tensor4D>,
): Promise<tf.Tensor4D> {
  const [batch] = x.shape
  if (images >= batch) return compute(x)
  const results: tf.Tensor4D[] = []
  try {
    for (let begin = 0; begin < batch; begin += images) {
      const slice = x.slice([begin, 0, 0, 0], [Math.min(images, batch - begin), -1, -1, -1])
      try {
        results.push(await compute(slice))
      } finally {
        slice.dispose()
      }
    }
    return tf.concat(results, 0)
  } finally {
    tf.dispose(results)
  }
}
