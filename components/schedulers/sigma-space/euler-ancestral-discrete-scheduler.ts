/**
 * Euler's method with fresh noise in each step. Source: https://arxiv.org/abs/2010.02502, eta 1 of equation 16 in sigma space, as in
 * k-diffusion's sample_euler_ancestral; counterpart: schedulers/scheduling_euler_ancestral_discrete.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { betaSettings, checkBetas, spacingSettings } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { noiseReadingTypes } from '../steps/prediction-type'
import { checkShape, stepNoise } from '../steps/step-noise'
import { ancestralStep } from './ancestral-step'
import { DiscreteSigmaScheduler } from './discrete-sigma-scheduler'
import { direction, follow } from './sigma-space-line'

const schema = z
  .object({
    ...betaSettings,
    ...spacingSettings('linspace'),
    predictionType: z.enum(noiseReadingTypes).default('epsilon'),
  })
  .superRefine(checkBetas)

/** Settings of {@link EulerAncestralDiscreteScheduler}. */
export type EulerAncestralDiscreteConfig = z.output<typeof schema>

/** Every step draws noise, so `step` needs a generator. More steps do not lead to the same image with less error, but to others. */
export class EulerAncestralDiscreteScheduler extends DiscreteSigmaScheduler<EulerAncestralDiscreteConfig> {
  static override readonly className: string = 'EulerAncestralDiscreteScheduler'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const name = classNameOf(this)
    checkShape(name, 'modelOutput', modelOutput, sample)
    const noise = stepNoise(name, sample, options)
    const sigma = this.sigmaAt(index)
    const { down, up } = ancestralStep(sigma, this.sigmaAt(index + 1))
    const predOriginalSample = this.predictClean(sigma, sample, modelOutput)
    const taken = follow(sample, direction(sample, predOriginalSample, sigma), down - sigma)
    return { prevSample: linearCombination([1, taken], [up, noise]), predOriginalSample }
  }
}
