/**
 * Trajectory consistency distillation: each step goes to a lower noise level than the next timestep has, and adds noise for the rest
 * of the way. Source: https://arxiv.org/abs/2402.19159; counterpart: schedulers/scheduling_tcd.py
 */
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { checkShape, stepNoise } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { ConsistencyScheduler } from './consistency-scheduler'

/** `eta`, the paper's gamma, decides how much noise is added. Predictions are not clipped: the settings for that have no effect. */
export class TCDScheduler extends ConsistencyScheduler {
  static override readonly className: string = 'TCDScheduler'

  override readonly takesEta = true

  /** Where `originalInferenceSteps` is given for a run, the reference lets it choose from all of the training: a slip that is followed. */
  protected override distilledTimesteps(request: TimestepsRequest, original: number, strength: number): number[] {
    if (request.originalInferenceSteps === undefined) return super.distilledTimesteps(request, original, strength)
    const count = Math.trunc(this.config.numTrainTimesteps * strength)
    return Array.from({ length: count }, (_, i) => count - 1 - i)
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const { eta = 0.3 } = options
    if (!(eta >= 0 && eta <= 1)) throw this.refuse('eta', `must be a number from 0 to 1, but is ${eta}`)
    const level = this.levelAt(this.timesteps[index] as number)
    const predOriginalSample = this.convertToClean(level, sample, modelOutput)
    const to = this.timesteps[index + 1] ?? 0
    const lower = Math.floor(Math.fround(Math.fround(1 - eta) * to))
    const { alpha, sigma } = this.levelAt(lower)
    const predNoise = this.predictNoise(level, sample, modelOutput)
    const denoised = linearCombination([alpha, predOriginalSample], [sigma, predNoise])
    if (eta === 0 || this.isLast(index)) return { prevSample: denoised, predOriginalSample }
    const kept = this.alphaOfStep(to, lower)
    const noise = stepNoise(classNameOf(this), sample, options)
    const prevSample = linearCombination([Math.sqrt(kept), denoised], [Math.sqrt(1 - kept), noise])
    return { prevSample, predOriginalSample }
  }
}
