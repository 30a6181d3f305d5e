/** Multistep extrapolation. Source: https://arxiv.org/abs/2202.09778, equation 9 */
import type * as tf from '../../tensors/tf'
import { linearCombination, type Term } from '../steps/linear-combination'

/** What the newest, the one before it and so on are multiplied with, by order. */
const WEIGHTS = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]] as const

/** The highest order. */
export const MAX_ADAMS_BASHFORTH_ORDER = WEIGHTS.length

/**
 * The derivative over an even step ahead, from the latest derivatives, by the Adams-Bashforth formula of as high an order as there
 * are of them. A new tensor.
 *
 * @param derivatives the newest first; 1 to {@link MAX_ADAMS_BASHFORTH_ORDER}
 */
export function adamsBashforth(derivatives: readonly tf.Tensor[]): tf.Tensor {
  const weights = WEIGHTS[derivatives.length - 1] ?? []
  return linearCombination(...derivatives.map((derivative, age): Term => [weights[age] as number, derivative]))
}
