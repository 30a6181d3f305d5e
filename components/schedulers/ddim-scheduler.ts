/**
 * Denoising diffusion implicit models: few deterministic steps. Source: https://arxiv.org/abs/2010.02502; counterpart:
 * schedulers/scheduling_ddim.py
 */
import { z } from 'zod'
import type * as tf from '../tensors/tf'
import { thresholdSample } from './dynamic-thresholding'
import { linearCombination } from './linear-combination'
import { makeNoiseSchedule, type NoiseSchedule } from './noise-schedule'
import { roundHalfEven } from './number-sequences'
import {
  applyMix,
  cleanSampleMix,
  levelOfAlphaCumprod,
  type NoiseLevel,
  noiseMix,
  predictionTypes,
} from './prediction-type'
import type { Schedule } from './run-progress'
import { SchedulerMixin } from './scheduler-base'
import { betaSettings, checkBetas, spacingSettings, thresholdingSettings } from './scheduler-config'
import { checkShape, stepNoise } from './step-noise'
import type { StepOptions, StepResult } from './step-options'
import { spaceTimesteps } from './timestep-spacing'
import type { TimestepsRequest } from './timesteps-request'

const schema = z
  .object({
    ...betaSettings,
    ...spacingSettings('leading'),
    ...thresholdingSettings,
    predictionType: z.enum(predictionTypes).default('epsilon'),
    /** Clip the predicted clean sample; thresholding takes its place. */
    clipSample: z.boolean().default(true),
    clipSampleRange: z.number().positive().default(1),
    /** End in no noise at all; else in that of the first training timestep. */
    setAlphaToOne: z.boolean().default(true),
  })
  .superRefine(checkBetas)

/** Settings of {@link DDIMScheduler}. */
export type DDIMConfig = z.output<typeof schema>

/** One step reads nothing but its timestep, so steps may come in any order. */
export class DDIMScheduler extends SchedulerMixin<DDIMConfig> {
  protected readonly trainingSchedule: Schedule
  private readonly noise: NoiseSchedule
  private readonly finalLevel: NoiseLevel

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
    this.noise = makeNoiseSchedule(this.config)
    this.finalLevel = this.config.setAlphaToOne ? { alpha: 1, sigma: 0 } : this.noiseLevel(0)
    this.trainingSchedule = { timesteps: Array.from(this.noise.betas, (_, t) => t).reverse() }
  }

  protected override locate(timestep: number): number {
    return this.progress.indexOf(timestep)
  }

  protected override makeSchedule({ numInferenceSteps }: TimestepsRequest): Schedule {
    const timesteps = spaceTimesteps({ ...this.config, numInferenceSteps }).map(roundHalfEven)
    const last = this.config.numTrainTimesteps - 1
    if ((timesteps[0] as number) > last) {
      const begin = `with stepsOffset ${this.config.stepsOffset} the run begins at timestep ${timesteps[0]}`
      throw this.refuse(
        'numInferenceSteps',
        `must be less than ${numInferenceSteps}: ${begin}, but the training ends at ${last}`,
      )
    }
    return { timesteps }
  }

  /** The timesteps that a step leads from and to; a negative one is behind the end of the schedule. */
  protected ends(index: number): readonly [from: number, to: number] {
    const { numTrainTimesteps } = this.config
    const timestep = this.timesteps[index] as number
    return [timestep, timestep - Math.floor(numTrainTimesteps / (this.numInferenceSteps ?? numTrainTimesteps))]
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { predictionType } = this.config
    checkShape(this.constructor.name, 'modelOutput', modelOutput, sample)
    const [from, to] = this.ends(index)
    const level = from < 0 ? this.finalLevel : this.noiseLevel(from)
    const next = to < 0 ? this.finalLevel : this.noiseLevel(to)
    const predOriginalSample = this.limit(applyMix(cleanSampleMix(predictionType, level), sample, modelOutput))
    const predNoise = options.useClippedModelOutput
      ? applyMix(noiseMix('sample', level), sample, predOriginalSample)
      : applyMix(noiseMix(predictionType, level), sample, modelOutput)
    const { eta = 0 } = options
    const deviation = eta === 0 ? 0 : this.freshDeviation(eta, level, next)
    const direction = Math.sqrt(Math.max(next.sigma ** 2 - deviation ** 2, 0))
    const deterministic = [[next.alpha, predOriginalSample] as const, [direction, predNoise] as const]
    if (eta === 0) return { prevSample: linearCombination(...deterministic), predOriginalSample }
    const noise = stepNoise(this.constructor.name, sample, options)
    return { prevSample: linearCombination(...deterministic, [deviation, noise]), predOriginalSample }
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    const alphaCumprod = this.noise.alphasCumprod[timestep]
    if (alphaCumprod !== undefined) return levelOfAlphaCumprod(alphaCumprod)
    const last = this.config.numTrainTimesteps - 1
    throw this.refuse('timestep', `must be a whole number from 0 to ${last}, but is ${timestep}`)
  }

  private limit(sample: tf.Tensor): tf.Tensor {
    const { thresholding, clipSample, clipSampleRange } = this.config
    if (thresholding) return thresholdSample(sample, this.config)
    return clipSample ? sample.clipByValue(-clipSampleRange, clipSampleRange) : sample
  }

  /** Standard deviation of the fresh noise: equation 16. */
  private freshDeviation(eta: number, level: NoiseLevel, next: NoiseLevel): number {
    if (!(eta >= 0 && eta <= 1)) throw this.refuse('eta', `must be a number from 0 to 1, but is ${eta}`)
    return eta * (next.sigma / level.sigma) * Math.sqrt(1 - (level.alpha / next.alpha) ** 2)
  }
}
