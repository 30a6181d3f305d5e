/**
 * Denoising diffusion implicit models: few deterministic steps. Source: https://arxiv.org/abs/2010.02502; counterpart:
 * schedulers/scheduling_ddim.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import type { Schedule } from '../run-progress'
import { betaSettings, checkBetas, spacingSettings, thresholdingSettings } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { clippingSettings } from '../steps/clean-sample-limits'
import { linearCombination } from '../steps/linear-combination'
import { applyMix, noiseMix, predictionTypes } from '../steps/prediction-type'
import { checkShape, stepNoise } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { VariancePreservingScheduler } from './variance-preserving-scheduler'

const schema = z
  .object({
    ...betaSettings,
    ...spacingSettings('leading'),
    ...thresholdingSettings,
    ...clippingSettings(true),
    predictionType: z.enum(predictionTypes).default('epsilon'),
    /** End in no noise at all; otherwise in that of the first training timestep. */
    setAlphaToOne: z.boolean().default(true),
  })
  .superRefine(checkBetas)

/** Settings of {@link DDIMScheduler}. */
export type DDIMConfig = z.output<typeof schema>

/** One step reads nothing but its timestep, so steps may come in any order. */
export class DDIMScheduler extends VariancePreservingScheduler<DDIMConfig> {
  static override readonly className: string = 'DDIMScheduler'

  override readonly takesEta = true

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override locate(timestep: number): number {
    return this.progress.indexOf(timestep)
  }

  protected override makeSchedule({ numInferenceSteps }: TimestepsRequest): Schedule {
    return { timesteps: this.spacedTimesteps(numInferenceSteps) }
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const { numTrainTimesteps } = this.config
    const from = this.timesteps[index] as number
    const level = this.levelAt(from)
    const to = from - Math.floor(numTrainTimesteps / (this.numInferenceSteps ?? numTrainTimesteps))
    const next = this.levelAt(to)
    const predOriginalSample = this.predictClean(level, sample, modelOutput)
    const predNoise = options.useClippedModelOutput
      ? applyMix(noiseMix('sample', level), sample, predOriginalSample)
      : this.predictNoise(level, sample, modelOutput)
    const { eta = 0 } = options
    const deviation = eta === 0 ? 0 : this.freshDeviation(eta, from, to)
    const direction = Math.sqrt(Math.max(Math.fround(next.sigma ** 2) - Math.fround(deviation ** 2), 0))
    const deterministic = [[next.alpha, predOriginalSample] as const, [direction, predNoise] as const]
    if (eta === 0) return { prevSample: linearCombination(...deterministic), predOriginalSample }
    const noise = stepNoise(classNameOf(this), sample, options)
    return { prevSample: linearCombination(...deterministic, [deviation, noise]), predOriginalSample }
  }

  /** Standard deviation of the fresh noise: equation 16. In float32, which decides how little is left of the predicted noise. */
  private freshDeviation(eta: number, from: number, to: number): number {
    if (!(eta >= 0 && eta <= 1)) throw this.refuse('eta', `must be a number from 0 to 1, but is ${eta}`)
    const ratio = Math.fround(this.levelAt(to).sigma ** 2) / Math.fround(this.levelAt(from).sigma ** 2)
    const variance = Math.fround(Math.fround(ratio) * Math.fround(1 - this.alphaOfStep(from, to)))
    return Math.fround(eta * Math.fround(Math.sqrt(variance)))
  }
}
