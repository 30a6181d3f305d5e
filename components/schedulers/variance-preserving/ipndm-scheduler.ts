/**
 * PNDM without its warm-up, on a schedule of its own that falls from pure noise to none. Source:
 * https://github.com/crowsonkb/v-diffusion-pytorch; counterpart: schedulers/scheduling_ipndm.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { linspaceFloat32 } from '../noise-levels/number-sequences'
import type { Schedule } from '../run-progress'
import { SchedulerMixin } from '../scheduler-base'
import { trainTimesteps } from '../scheduler-config'
import type { StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { applyMix, type NoiseLevel, noiseMix } from '../steps/prediction-type'
import { checkShape } from '../steps/step-noise'
import { TensorHistory } from '../steps/tensor-history'
import type { TimestepsRequest } from '../timesteps-request'
import { adamsBashforth, MAX_ADAMS_BASHFORTH_ORDER } from './adams-bashforth'

const schema = z.object({
  numTrainTimesteps: trainTimesteps(1),
  /** The share of noise at each step and where the run ends, in place of the schedule: runs are one step shorter than this. */
  trainedBetas: z.array(z.number().min(0).max(1)).min(2).nullable().default(null),
})

/** Settings of {@link IPNDMScheduler}. */
export type IPNDMConfig = z.output<typeof schema>

/** Stands for a signal of nothing where it divides. */
const NEARLY_ZERO = 1e-8

/** The network predicts velocities; its timesteps are fractions, 1 for pure noise. */
export class IPNDMScheduler extends SchedulerMixin<IPNDMConfig> {
  static override readonly className: string = 'IPNDMScheduler'

  protected readonly trainingSchedule: Schedule
  private history = new TensorHistory(MAX_ADAMS_BASHFORTH_ORDER)

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
    this.trainingSchedule = this.makeSchedule({ numInferenceSteps: this.config.numTrainTimesteps })
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.history = new TensorHistory(MAX_ADAMS_BASHFORTH_ORDER)
    return copy
  }

  override dispose(): void {
    this.history.clear()
  }

  protected override makeSchedule({ numInferenceSteps }: TimestepsRequest): Schedule {
    const sigmas = this.config.trainedBetas?.map(Math.fround) ?? noiseShares(numInferenceSteps)
    const timesteps = sigmas.slice(0, -1).map(sigma => {
      const angle = Math.fround(Math.atan2(sigma, levelOfNoiseShare(sigma).alpha))
      return Math.fround(Math.fround(angle / Math.fround(Math.PI)) * 2)
    })
    return { timesteps, sigmas }
  }

  protected override update(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const [level, next] = [this.levelAt(index), this.levelAt(index + 1)]
    this.history.push(applyMix(noiseMix('v_prediction', level), sample, modelOutput))
    const noise = adamsBashforth(this.history.newestFirst)
    // Divided by the signal last: from pure noise it is nearly nothing, and so is what it divides.
    const signal = linearCombination([1, sample], [-level.sigma, noise])
    const clean = linearCombination([1 / Math.max(level.alpha, NEARLY_ZERO), signal])
    return { prevSample: linearCombination([next.alpha, clean], [next.sigma, noise]) }
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    return this.levelAt(this.progress.indexForNoise(timestep))
  }

  private levelAt(index: number): NoiseLevel {
    return levelOfNoiseShare((this.sigmas as readonly number[])[index] as number) // Every schedule of this class has them.
  }
}

/** The noise of even steps in the crossfade of signal and noise, and none at the end. In float32. */
function noiseShares(count: number): number[] {
  const steps = linspaceFloat32(1, 0, count + 1)
  const shares = steps.map(step => Math.sin(Math.fround(Math.fround(step * Math.fround(Math.PI)) / 2)))
  return Array.from(shares.map(share => share * share))
}

/** The level of a sample that keeps its variance, by its noise. In float32. */
function levelOfNoiseShare(sigma: number): NoiseLevel {
  return { alpha: Math.fround(Math.sqrt(Math.fround(1 - Math.fround(sigma * sigma)))), sigma }
}
