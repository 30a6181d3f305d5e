/** Sums of scaled tensors: what every sampler's step is made of. */
import { fusedKernel } from '../../nn/fused-kernel'
import * as tf from '../../tensors/tf'

/** A factor and the tensor that it scales. */
export type Term = readonly [factor: number, tensor: tf.Tensor]

/**
 * `Σ factor · tensor`, always a new tensor. Terms with factor 0 are left out, also where their tensor is not finite; factor 1 costs nothing.
 *
 * @param terms at least one; shapes are equal
 */
export function linearCombination<T extends tf.Tensor>(...terms: readonly Term[]): T {
  const present = terms.filter(([factor]) => factor !== 0)
  const [first, ...others] = present
  if (first === undefined) return tf.zerosLike((terms[0] as Term)[1]) as T // The shapes are equal, and so are the ranks.
  if (others.length === 0 && first[0] === 1) return first[1].clone() as T
  const tensors = present.map(([, tensor]) => tensor)
  const factors = present.map(([factor]) => factor)
  return fusedKernel('LinearCombination', tensors, { factors }, () => {
    const scaled = present.map(([factor, tensor]) => (factor === 1 ? tensor : tensor.mul(factor)))
    return scaled.reduce((sum, term) => sum.add(term)) as T
  })
}
