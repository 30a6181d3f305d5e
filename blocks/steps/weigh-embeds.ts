/** Applies the weights of tokens to their embeddings. Counterpart: EmphasisOriginal of AUTOMATIC1111's web UI */
import { tf } from '../../components'

/**
 * Multiplies the embedding of each token by its weight, and then each row by what restores its mean. Rows whose weights are all 1 stay as they are, to the byte.
 *
 * @param embeds - embeddings `[texts, tokens, channels]`, which are disposed
 * @param weights - a row for each text
 */
export function weighEmbeds(embeds: tf.Tensor3D, weights: readonly (readonly number[])[]): tf.Tensor3D {
  if (weights.every(row => row.every(weight => weight === 1))) return embeds
  const weighed = tf.tidy(() => {
    const [texts, tokens] = embeds.shape
    const product = embeds.mul<tf.Tensor3D>(tf.tensor3d(weights.flat(), [texts, tokens, 1]))
    const [before, after] = [embeds, product].map(each => each.mean([1, 2], true)) as [tf.Tensor, tf.Tensor]
    // A mean of zero cannot be restored.
    const factor = before.div(after)
    const isKept = tf.tensor(
      weights.map(row => (row.every(weight => weight === 1) ? 1 : 0)),
      [texts, 1, 1],
      'bool',
    )
    return product.mul<tf.Tensor3D>(tf.where(tf.logicalOr(isKept, after.equal(0)), tf.onesLike(factor), factor))
  })
  embeds.dispose()
  return weighed
}
