/**
 * DDIM backwards: from a clean sample to its noise. Source: https://arxiv.org/abs/2010.02502, section 4.3; counterpart:
 * schedulers/scheduling_ddim_inverse.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import type { Schedule } from '../run-progress'
import { betaSettings, checkBetas, spacingSettings } from '../scheduler-config'
import type { StepResult } from '../step-options'
import { clippingSettings } from '../steps/clean-sample-limits'
import { linearCombination } from '../steps/linear-combination'
import { predictionTypes } from '../steps/prediction-type'
import { checkShape } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { VariancePreservingScheduler } from './variance-preserving-scheduler'

const schema = z
  .object({
    ...betaSettings,
    ...spacingSettings('leading'),
    timestepSpacing: z.enum(['leading', 'trailing']).default('leading'),
    ...clippingSettings(true),
    predictionType: z.enum(predictionTypes).default('epsilon'),
    /** Begin in no noise at all; otherwise in that of the first training timestep. */
    setAlphaToOne: z.boolean().default(true),
  })
  .superRefine(checkBetas)

/** Settings of {@link DDIMInverseScheduler}. */
export type DDIMInverseConfig = z.output<typeof schema>

/** Its timesteps rise. It adds no fresh noise: `eta` has no effect. Steps may come in any order. */
export class DDIMInverseScheduler extends VariancePreservingScheduler<DDIMInverseConfig> {
  static override readonly className: string = 'DDIMInverseScheduler'

  protected override readonly trainingSchedule: Schedule = {
    timesteps: Array.from({ length: this.config.numTrainTimesteps }, (_, t) => t),
  }

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override locate(timestep: number): number {
    return this.progress.indexOf(timestep)
  }

  protected override makeSchedule({ numInferenceSteps }: TimestepsRequest): Schedule {
    return { timesteps: this.spacedTimesteps(numInferenceSteps).reverse() }
  }

  protected override update(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const { numTrainTimesteps } = this.config
    const to = this.timesteps[index] as number
    const level = this.levelAt(to - Math.floor(numTrainTimesteps / (this.numInferenceSteps ?? numTrainTimesteps)))
    if (level.sigma === 0 && this.config.predictionType === 'sample') {
      const problem = `${to} is reached from a sample without noise, whose noise cannot be computed with predictionType "sample"`
      throw this.refuse('timestep', `${problem}: set setAlphaToOne to false`)
    }
    const next = this.levelAt(to)
    const predOriginalSample = this.predictClean(level, sample, modelOutput)
    const predNoise = this.predictNoise(level, sample, modelOutput)
    return {
      prevSample: linearCombination([next.alpha, predOriginalSample], [next.sigma, predNoise]),
      predOriginalSample,
    }
  }
}
