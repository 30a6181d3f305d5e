/** Keeps predictions of the clean sample in the range that the training data had. */
import { z } from 'zod'
import type * as tf from '../../tensors/tf'
import { clip } from './clip'
import { thresholdSample } from './dynamic-thresholding'

/** Clipping of the predicted clean sample. The default differs between schedulers. */
export function clippingSettings(clipSample: boolean) {
  return {
    /** Clip the predicted clean sample; thresholding takes its place. */
    clipSample: z.boolean().default(clipSample),
    clipSampleRange: z.number().positive().default(1),
  }
}

/** The settings that limit clean samples. Those that are missing limit nothing. */
export interface CleanSampleLimits {
  readonly thresholding?: boolean | undefined
  readonly dynamicThresholdingRatio?: number | undefined
  readonly sampleMaxValue?: number | undefined
  readonly clipSample?: boolean | undefined
  readonly clipSampleRange?: number | undefined
}

/** The sample within its limits; the sample itself if none exist. */
export function limitCleanSample(sample: tf.Tensor, limits: CleanSampleLimits): tf.Tensor {
  const { thresholding, clipSample, clipSampleRange = 1, dynamicThresholdingRatio = 0.995, sampleMaxValue = 1 } = limits
  if (thresholding) return thresholdSample(sample, { dynamicThresholdingRatio, sampleMaxValue })
  return clipSample ? clip(sample, clipSampleRange) : sample
}
