/** Keeps values within limits. */
import { fusedKernel } from '../../nn/fused-kernel'
import type * as tf from '../../tensors/tf'

/** Values below `-limit` or above `limit` become those. NaN stays NaN. A new tensor. */
export function clip<T extends tf.Tensor>(tensor: T, limit: number): T {
  return fusedKernel('Clip', { x: tensor }, { limit }, () => tensor.clipByValue(-limit, limit) as T)
}
