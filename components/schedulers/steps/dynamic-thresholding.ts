/** Keeps predicted images from saturating. Source: https://arxiv.org/abs/2205.11487, section 2.3 */
import * as tf from '../../tensors/tf'

/** How strict the threshold is. */
export interface ThresholdingOptions {
  /** The share of values that the threshold lets through. */
  dynamicThresholdingRatio: number
  /** The largest threshold. */
  sampleMaxValue: number
}

/**
 * Clips each sample of a batch to its threshold and scales it to [-1, 1]. The threshold is the quantile of the absolute
 * values, at least 1. Stays on the device.
 *
 * @param sample `[batch, …]`
 */
export function thresholdSample<T extends tf.Tensor>(sample: T, options: ThresholdingOptions): T {
  const { dynamicThresholdingRatio, sampleMaxValue } = options
  return tf.tidy(() => {
    const batch = sample.shape[0] ?? 1
    const flat = sample.reshape([batch, -1]) as tf.Tensor2D
    const bounds = quantile(flat.abs(), dynamicThresholdingRatio).maximum(1).minimum(sampleMaxValue)
    return flat.div(bounds).clipByValue(-1, 1).reshape(sample.shape) as T // The shape is the sample's.
  })
}

/** The quantile of each row, between its two neighbours on a straight line: `[rows, 1]`. Counterpart: torch.quantile */
function quantile(rows: tf.Tensor2D, ratio: number): tf.Tensor2D {
  const [count, width] = rows.shape
  const position = Math.fround(Math.fround(ratio) * (width - 1))
  const below = Math.floor(position)
  const largest = tf.topk(rows, width - below).values
  const low = largest.slice([0, width - below - 1], [count, 1])
  if (position === below) return low
  const high = largest.slice([0, width - below - 2], [count, 1])
  return low.add(high.sub(low).mul(position - below))
}
