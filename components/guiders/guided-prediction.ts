/** The step away from the unconditional prediction that guiders have in common. */
import * as tf from '../tensors/tf'

/** The two predictions that are compared, of the same shape. */
export interface ConditionPair<T extends tf.Tensor = tf.Tensor> {
  readonly cond: T
  readonly uncond: T
}

/**
 * `base + scale · shift`.
 *
 * @param shift by default the difference of the two predictions
 * @param scale one for all, or one for each sample as a tensor that broadcasts
 * @param useOriginalFormulation start from the conditional prediction, as in the paper, and not from the unconditional one
 */
export function guidedPrediction<T extends tf.Tensor>(
  { cond, uncond }: ConditionPair<T>,
  scale: number | tf.Tensor,
  useOriginalFormulation: boolean,
  shift?: T,
): T {
  return tf.tidy(() => {
    const base = useOriginalFormulation ? cond : uncond
    return base.add((shift ?? cond.sub(uncond)).mul(scale)) as T // The shape is that of the predictions.
  })
}
