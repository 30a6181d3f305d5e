/**
 * Euler's method for EDM models. Source: https://arxiv.org/abs/2206.00364, algorithm 2; counterpart: schedulers/scheduling_edm_euler.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import type { Schedule } from '../run-progress'
import type { StepOptions, StepResult } from '../step-options'
import { checkShape } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { churnedEulerStep } from './churned-euler-step'
import { checkSigmaRange, EDMScheduler, edmSettings } from './edm-scheduler'

const schema = z.object(edmSettings).superRefine(checkSigmaRange)

/** Settings of {@link EDMEulerScheduler}. */
export type EDMEulerConfig = z.output<typeof schema>

/** Adds noise on the way where {@link StepOptions.sChurn} says so. */
export class EDMEulerScheduler extends EDMScheduler<EDMEulerConfig> {
  static override readonly className: string = 'EDMEulerScheduler'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override makeSchedule({ numInferenceSteps }: TimestepsRequest): Schedule {
    return this.scheduleOf(numInferenceSteps)
  }

  /** Both ends count, so there is one more than training timesteps. */
  protected override get trainingSchedule(): Schedule {
    return this.scheduleOf(this.config.numTrainTimesteps + 1)
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const scheduler = classNameOf(this)
    checkShape(scheduler, 'modelOutput', modelOutput, sample)
    const ends = { from: this.sigmaAt(index), to: this.sigmaAt(index + 1) }
    return churnedEulerStep({ scheduler, sample, ...ends, steps: this.timesteps.length, options }, (noised, sigma) =>
      this.predictClean(sigma, noised, modelOutput),
    )
  }
}
