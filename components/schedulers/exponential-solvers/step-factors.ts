/** What a step of a solver comes down to: a sum of scaled tensors. */
import type * as tf from '../../tensors/tf'
import { linearCombination } from '../steps/linear-combination'

/** What the tensors of a step are multiplied with before they are added. */
export interface StepFactors {
  readonly sample: number
  /** Of the predictions, the newest first. */
  readonly predictions: readonly number[]
  /** Of fresh normal noise. */
  readonly noise: number
}

/**
 * The sample that a step leads to. A new tensor.
 *
 * @param predictions the newest first, as many as factors
 * @param noise `undefined` for a step without
 */
export function applyStepFactors(
  factors: StepFactors,
  sample: tf.Tensor,
  predictions: readonly tf.Tensor[],
  noise: tf.Tensor | undefined,
): tf.Tensor {
  return linearCombination(
    [factors.sample, sample],
    ...predictions.map((tensor, age) => [factors.predictions[age] as number, tensor] as const),
    ...(noise === undefined ? [] : [[factors.noise, noise] as const]),
  )
}
