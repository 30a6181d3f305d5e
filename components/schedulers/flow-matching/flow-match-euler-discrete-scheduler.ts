/**
 * Euler's method for flow matching models: SD3, Flux and others. Source: https://arxiv.org/abs/2403.03206; counterpart:
 * schedulers/scheduling_flow_match_euler_discrete.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { sigmaSettingNames } from '../noise-levels/sigma-settings'
import { checkExclusive } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { checkShape, stepNoise } from '../steps/step-noise'
import { FlowMatchScheduler, flowSpacingSettings } from './flow-match-scheduler'

const schema = z
  .object({
    ...flowSpacingSettings,
    /** Predict the clean sample in each step, and add fresh noise to it. */
    stochasticSampling: z.boolean().default(false),
  })
  .superRefine((config, context) => checkExclusive(config, sigmaSettingNames, context))

/** Settings of {@link FlowMatchEulerDiscreteScheduler}. */
export type FlowMatchEulerDiscreteConfig = z.output<typeof schema>

/** `sigmas` of setTimesteps are shifted like its own; `timesteps`, which go with them or stand alone, are shown to the network as given. */
export class FlowMatchEulerDiscreteScheduler extends FlowMatchScheduler<FlowMatchEulerDiscreteConfig> {
  static override readonly className: string = 'FlowMatchEulerDiscreteScheduler'

  protected override readonly setTimestepsOptions = ['timesteps', 'sigmas', 'mu'] as const

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
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const [sigma, next] = [this.sigmaAt(index), this.sigmaAt(index + 1)]
    if (!this.config.stochasticSampling) {
      return { prevSample: linearCombination([1, sample], [next - sigma, modelOutput]) }
    }
    const predOriginalSample = linearCombination([1, sample], [-sigma, modelOutput])
    const noise = stepNoise(classNameOf(this), sample, options)
    return { prevSample: linearCombination([1 - next, predOriginalSample], [next, noise]), predOriginalSample }
  }
}
