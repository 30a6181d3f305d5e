/** Brings the contrast of a guided prediction back. Source: https://arxiv.org/abs/2305.08891, section 3.4 */
import * as tf from '../tensors/tf'

/**
 * Gives each sample the standard deviation of the conditional prediction, and mixes that with the guided prediction.
 *
 * @param pred guided prediction, `[batch, …]`
 * @param predCond conditional prediction of the same shape
 * @param guidanceRescale share of the rescaled prediction, from 0 to 1
 */
export function rescaleNoiseCfg<T extends tf.Tensor>(pred: T, predCond: tf.Tensor, guidanceRescale: number): T {
  return tf.tidy(() => {
    const ratio = standardDeviation(predCond).div(standardDeviation(pred))
    return pred.mul(ratio.mul(guidanceRescale).add(1 - guidanceRescale)) as T // The shape is that of pred.
  })
}

/** Of each sample, with n − 1 in the denominator as in PyTorch: `[batch, 1, …]`. */
function standardDeviation(tensor: tf.Tensor): tf.Tensor {
  const axes = tensor.shape.map((_, axis) => axis).slice(1)
  const count = tensor.size / (tensor.shape[0] ?? 1)
  return tf
    .moments(tensor, axes, true)
    .variance.mul(count / (count - 1))
    .sqrt()
}
