/**
 * Latent consistency sampling of flow matching models. Each step predicts the clean sample at once, and adds noise for
 * the next. Samples may grow on the way, as in scale-wise distillation. Sources: https://arxiv.org/abs/2310.04378,
 * https://arxiv.org/abs/2503.16397; counterpart: schedulers/scheduling_flow_match_lcm.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { roundHalfEven } from '../noise-levels/number-sequences'
import { sigmaSettingNames } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { checkExclusive } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { checkShape, stepNoise } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { FlowMatchScheduler, flowSpacingSettings } from './flow-match-scheduler'
import { resampleModes, resampleTensor } from './resample-tensor'

const schema = z
  .object({
    ...flowSpacingSettings,
    /** The size of the sample after each step but the last, in multiples of its size at the beginning. */
    scaleFactors: z.array(z.number().positive()).nullable().default(null),
    /** How samples are enlarged. */
    upscaleMode: z.enum(resampleModes).default('bicubic'),
  })
  .superRefine((config, context) => checkExclusive(config, sigmaSettingNames, context))

/** Settings of {@link FlowMatchLCMScheduler}. */
export type FlowMatchLCMConfig = z.output<typeof schema>

/** Every step draws noise, also the last, which adds none of it. `varianceNoise` is of the size that the step leads to. */
export class FlowMatchLCMScheduler extends FlowMatchScheduler<FlowMatchLCMConfig> {
  static override readonly className: string = 'FlowMatchLCMScheduler'

  protected override readonly setTimestepsOptions = ['timesteps', 'sigmas', 'mu'] as const
  /** The height and width that the run began with. */
  private initialSize: readonly [height: number, width: number] | undefined

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.initialSize = undefined
    return copy
  }

  override dispose(): void {
    this.initialSize = undefined
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const { numInferenceSteps } = request
    const grows = this.config.scaleFactors?.length
    if (grows && numInferenceSteps !== grows + 1) {
      const problem = `must be ${grows + 1}, one more than scaleFactors, but is ${numInferenceSteps}`
      throw this.refuse('numInferenceSteps', problem)
    }
    return super.makeSchedule(request)
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const [sigma, next] = [this.sigmaAt(index), this.sigmaAt(index + 1)]
    const clean = linearCombination([1, sample], [-sigma, modelOutput])
    const predOriginalSample = this.grow(index, clean)
    const noise = stepNoise(classNameOf(this), predOriginalSample, options)
    return { prevSample: linearCombination([1 - next, predOriginalSample], [next, noise]), predOriginalSample }
  }

  /** The sample in the size of the next step. */
  private grow(index: number, sample: tf.Tensor): tf.Tensor {
    const factor = this.config.scaleFactors?.[index]
    if (this.config.scaleFactors === null || this.config.scaleFactors.length === 0) return sample
    if (sample.rank !== 4) {
      const expected = '[batch, height, width, channels] if scaleFactors is set'
      throw this.refuse('sample', `must be ${expected}, but has the shape [${sample.shape}]`)
    }
    const [, height, width] = sample.shape as [number, number, number, number]
    this.initialSize ??= [height, width]
    if (factor === undefined) return sample
    const size = this.initialSize.map(length => roundHalfEven(factor * length)) as [number, number]
    return resampleTensor(sample as tf.Tensor4D, size, this.config.upscaleMode)
  }
}
