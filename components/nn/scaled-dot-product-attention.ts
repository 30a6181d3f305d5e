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
export function scaledDotProductAttention(inputs: AttentionInputs): tf.Tensor3D {
  const { query, key, value, heads, bias } = inputs
  return fusedKernel<tf.Tensor3D>('ScaledDotProductAttention', { query, key, value, bias }, { heads }, () =>
    composeAttention(inputs),
  )
}

/** The kernel `ScaledDotProductAttention`, from kernels of TensorFlow.js. */
export function composeAttention(inputs: AttentionInputs): tf.Tensor3D {
  const { q, k, v } = splitHeads(inputs)
  const scores = tf.matMul(q, k)
  const weights = tf.softmax(inputs.bias ? scores.add(inputs.bias) : scores)
  return joinHeads(tf.matMul(weights, v))
}

/** The operands of attention for each head: `q` `[batch, heads, token, width]`, `k` `[batch, heads, width, key token]`, and `v` like `q`. */
export function splitHeads({ query, key, value, heads }: AttentionInputs) {
  const [batch, , channels] = query.shape
  const width = channels / heads
  const split = (x: tf.Tensor3D) => x.reshape<tf.Tensor4D>([batch, -1, heads, width])
  return {
    q: split(query.mul(1 / Math.sqrt(width))).transpose<tf.Tensor4D>([0, 2, 1, 3]),
    k: split(key).transpose<tf.Tensor4D>([0, 2, 3, 1]),
    v: split(value).transpose<tf.Tensor4D>([0, 2, 1, 3]),
  }
}

/** `[batch, heads, token, width]` → `[batch, token, heads · width]`. */
export function joinHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, tokens, width] = x.shape
  return x.transpose([0, 2, 1, 3]).reshape([batch, tokens, heads * width])
}
