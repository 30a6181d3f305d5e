/** Euler's step in sigma space, with some fresh noise before it. Source: https://arxiv.org/abs/2206.00364, algorithm 2 */
import type * as tf from '../../tensors/tf'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { stepNoise } from '../steps/step-noise'
import { direction, follow } from './sigma-space-line'

/** A step from one noise level to the next. */
export interface ChurnedStep {
  /** Name of the scheduler's class, for errors. */
  readonly scheduler: string
  readonly sample: tf.Tensor
  /** The sigma of the sample. */
  readonly from: number
  readonly to: number
  /** The number of steps that share {@link StepOptions.sChurn}. */
  readonly steps: number
  readonly options: StepOptions
}

/** The largest share of a sigma that {@link StepOptions.sChurn} adds in one step. */
const MAX_GAMMA = Math.SQRT2 - 1

/**
 * The share of a sigma that fresh noise adds in one step.
 *
 * @param steps how many share {@link StepOptions.sChurn}
 */
export function churnedShare(
  sigma: number,
  steps: number,
  { sChurn = 0, sTmin = 0, sTmax = Infinity }: StepOptions,
): number {
  return sTmin <= sigma && sigma <= sTmax ? Math.min(sChurn / steps, MAX_GAMMA) : 0
}

/**
 * Takes the step.
 *
 * @param predictClean the clean sample, from the sample with the fresh noise and its sigma
 * @throws MissingGeneratorError, SchedulerArgumentError
 */
export function churnedEulerStep(
  { scheduler, sample, from, to, steps, options }: ChurnedStep,
  predictClean: (noised: tf.Tensor, sigma: number) => tf.Tensor,
): StepResult {
  const { sNoise = 1 } = options
  const gamma = churnedShare(from, steps, options)
  const sigma = Math.fround(from * (1 + gamma))
  const fresh = sNoise * Math.sqrt(sigma ** 2 - from ** 2)
  const noised = gamma > 0 ? linearCombination([1, sample], [fresh, stepNoise(scheduler, sample, options)]) : sample
  const predOriginalSample = predictClean(noised, sigma)
  return { prevSample: follow(noised, direction(noised, predOriginalSample, sigma), to - sigma), predOriginalSample }
}
