/**
 * Latent consistency models: each step predicts the clean sample at once, and adds noise for the next. Source:
 * https://arxiv.org/abs/2310.04378; counterpart: schedulers/scheduling_lcm.py
 */
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { checkShape, stepNoise } from '../steps/step-noise'
import { ConsistencyScheduler } from './consistency-scheduler'

/** Standard deviation of the data, as the model's boundary condition has it. */
const SIGMA_DATA = 0.5

/** One to eight steps are enough. The clean sample that a step returns is what the model's boundary condition makes of the prediction. */
export class LCMScheduler extends ConsistencyScheduler {
  static override readonly className: string = 'LCMScheduler'

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const from = this.timesteps[index] as number
    const clean = this.predictClean(this.levelAt(from), sample, modelOutput)
    const scaled = from * this.config.timestepScaling
    const predOriginalSample = linearCombination(
      [scaled / Math.hypot(scaled, SIGMA_DATA), clean],
      [SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2), sample],
    )
    if (this.isLast(index)) return { prevSample: predOriginalSample.clone(), predOriginalSample }
    const next = this.levelAt(this.timesteps[index + 1] ?? from)
    const noise = stepNoise(classNameOf(this), sample, options)
    return { prevSample: linearCombination([next.alpha, predOriginalSample], [next.sigma, noise]), predOriginalSample }
  }
}
