/** Attention with several heads. Counterpart: torch.nn.functional.scaled_dot_product_attention. */
import * as tf from '../tensors/tf'
import { fusedKernel } from './fused-kernel'

/** What attention is computed with. */
export interface AttentionInputs {
  /** `[batch, token, heads · width]` */
  query: tf.Tensor3D
  /** `[batch, key token, heads · width]` */
  key: tf.Tensor3D
  /** `[batch, key token, heads · width]` */
  value: tf.Tensor3D
  heads: number
  /** Added to the scores, with a shape that broadcasts to `[batch, heads, token, key token]`. */
  bias?: tf.Tensor | undefined
}

/** `softmax(query · keyᵀ / √width + bias) · value` for each head; returns `[batch, token, heads · width]`. */
export function scaledDotProductAttention({ query, key, value, heads, bias }: AttentionInputs): tf.Tensor3D {
  const [batch, tokens, channels] = query.shape
  return fusedKernel<tf.Tensor3D>('ScaledDotProductAttention', { query, key, value, bias }, { heads }, () => {
    const width = channels / heads
    const split = (x: tf.Tensor3D) => x.reshape<tf.Tensor4D>([batch, -1, heads, width])
    const q = split(query.mul(1 / Math.sqrt(width))).transpose<tf.Tensor4D>([0, 2, 1, 3])
    const k = split(key).transpose<tf.Tensor4D>([0, 2, 3, 1])
    const v = split(value).transpose<tf.Tensor4D>([0, 2, 1, 3])
    const scores = tf.matMul(q, k)
    const weights = tf.softmax(bias ? scores.add(bias) : scores)
    return tf.matMul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, tokens, channels])
  })
}
