/** What a network's output means. Source: https://arxiv.org/abs/2202.00512, section 4 */
import type * as tf from '../../tensors/tf'
import { linearCombination } from './linear-combination'

/** How much signal and how much noise a sample holds: `sample = alpha · clean + sigma · noise`. */
export interface NoiseLevel {
  readonly alpha: number
  readonly sigma: number
}

/** The level of a sample that keeps its variance, by the share of the clean sample's variance that is left. */
export function levelOfAlphaCumprod(alphaCumprod: number): NoiseLevel {
  return { alpha: Math.sqrt(alphaCumprod), sigma: Math.sqrt(1 - alphaCumprod) }
}

/** The level of a sample that keeps its variance, by the ratio of noise to signal. */
export function levelOfSigma(ratio: number): NoiseLevel {
  const alpha = 1 / Math.hypot(ratio, 1)
  return { alpha, sigma: ratio * alpha }
}

/** Half the logarithm of the signal-to-noise ratio: the time that exponential integrators go through. */
export function halfLogSnr({ alpha, sigma }: NoiseLevel): number {
  return Math.log(alpha) - Math.log(sigma)
}

/** The meanings of an output by their names in configs: noise, clean sample, velocity, or a flow's direction `noise − clean`. */
export type PredictionType = 'epsilon' | 'sample' | 'v_prediction' | 'flow_prediction'

/** The meanings that every scheduler of noise-variance preserving models knows. */
export const predictionTypes = ['epsilon', 'sample', 'v_prediction'] as const satisfies readonly PredictionType[]

/** The meanings that samplers know which refuse a network that predicts the clean sample. */
export const noiseReadingTypes = ['epsilon', 'v_prediction'] as const satisfies readonly PredictionType[]

/** A linear combination of the sample and the network's output. */
export interface Mix {
  readonly sample: number
  readonly modelOutput: number
}

/** How the clean sample follows from sample and output. */
export function cleanSampleMix(type: PredictionType, { alpha, sigma }: NoiseLevel): Mix {
  switch (type) {
    case 'epsilon':
      return { sample: 1 / alpha, modelOutput: -sigma / alpha }
    case 'sample':
      return { sample: 0, modelOutput: 1 }
    case 'v_prediction':
      return { sample: alpha, modelOutput: -sigma }
    case 'flow_prediction':
      return { sample: 1, modelOutput: -sigma }
  }
}

/**
 * How the clean sample follows from sample and output for samples of any variance: `alpha² + sigma²` is 1 for those that keep it, and more in sigma space.
 * Where nothing but noise is left, noise alone tells nothing, and the sample stands for itself.
 */
export function cleanMixOfAnyVariance(type: PredictionType, { alpha, sigma }: NoiseLevel): Mix {
  if (type === 'epsilon' && alpha === 0) return { sample: 1, modelOutput: 0 }
  if (type !== 'v_prediction') return cleanSampleMix(type, { alpha, sigma })
  const norm = Math.hypot(alpha, sigma)
  return { sample: alpha / norm ** 2, modelOutput: -sigma / norm }
}

/** How the noise follows from sample and output. */
export function noiseMix(type: PredictionType, { alpha, sigma }: NoiseLevel): Mix {
  switch (type) {
    case 'epsilon':
      return { sample: 0, modelOutput: 1 }
    case 'sample':
      return { sample: 1 / sigma, modelOutput: -alpha / sigma }
    case 'v_prediction':
      return { sample: sigma, modelOutput: alpha }
    case 'flow_prediction':
      return { sample: 1, modelOutput: alpha }
  }
}

/** Computes a mix. Shapes are equal. */
export function applyMix<T extends tf.Tensor>(mix: Mix, sample: T, modelOutput: tf.Tensor): T {
  return linearCombination<T>([mix.sample, sample], [mix.modelOutput, modelOutput])
}
