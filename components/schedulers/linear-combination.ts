/** Sums of scaled tensors: what every sampler's step is made of. */
import * as tf from '../tensors/tf'

/** A factor and the tensor that it scales. */
export type Term = readonly [factor: number, tensor: tf.Tensor]

/**
 * `Σ factor · tensor`, always a new tensor. Terms with factor 0 are left out, also where their tensor is not finite; factor 1 costs nothing.
 *
 * @param terms at least one; shapes are equal
 */
export function linearCombination<T extends tf.Tensor>(...terms: readonly Term[]): T {
  return tf.tidy(() => {
    const scaled = terms
      .filter(([factor]) => factor !== 0)
      .map(([factor, tensor]) => (factor === 1 ? tensor : tensor.mul(factor)))
    const [first, ...others] = scaled
    if (first === undefined) return tf.zerosLike((terms[0] as Term)[1])
    return others.length === 0 ? first.clone() : others.reduce((sum, term) => sum.add(term), first)
  }) as T // The shapes are equal, and so are the ranks.
}
