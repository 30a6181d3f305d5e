/**
 * What schedulers share that step between the training's own noise levels, by whole timesteps. Counterpart: the like parts of
 * schedulers/scheduling_ddim.py and its relatives
 */
import type { z } from 'zod'
import type { RawConfig } from '../../configs/parse-config'
import type * as tf from '../../tensors/tf'
import { makeNoiseSchedule, type NoiseSchedule, type NoiseScheduleSettings } from '../noise-levels/noise-schedule'
import { roundHalfEven } from '../noise-levels/number-sequences'
import { type SpacingOptions, spaceTimesteps } from '../noise-levels/timestep-spacing'
import type { Schedule } from '../run-progress'
import { SchedulerMixin } from '../scheduler-base'
import type { SchedulerConfig } from '../scheduler-config'
import { type CleanSampleLimits, limitCleanSample } from '../steps/clean-sample-limits'
import { linearCombination } from '../steps/linear-combination'
import {
  applyMix,
  cleanSampleMix,
  levelOfAlphaCumprod,
  type NoiseLevel,
  noiseMix,
  type PredictionType,
} from '../steps/prediction-type'

/** The settings that these schedulers have in common. */
export interface VariancePreservingConfig
  extends SchedulerConfig,
    NoiseScheduleSettings,
    CleanSampleLimits,
    Pick<SpacingOptions, 'timestepSpacing' | 'stepsOffset'> {
  readonly numTrainTimesteps: number
  readonly predictionType: Exclude<PredictionType, 'flow_prediction'>
  /** Whether the run ends in no noise at all; otherwise in that of the first training timestep. Default: true. */
  readonly setAlphaToOne?: boolean | undefined
}

/** Knows the noise level of each training timestep; samples keep their variance, `alpha² + sigma² = 1`. */
export abstract class VariancePreservingScheduler<
  Config extends VariancePreservingConfig,
> extends SchedulerMixin<Config> {
  protected readonly trainingSchedule: Schedule
  private readonly noise: NoiseSchedule

  /** @throws ConfigError */
  constructor(schema: z.ZodObject & z.ZodType<Config>, config: RawConfig, file: string | undefined) {
    super(schema, config, file)
    this.noise = makeNoiseSchedule(this.config)
    this.trainingSchedule = { timesteps: Array.from(this.noise.betas, (_, t) => t).reverse() }
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    const alphaCumprod = this.noise.alphasCumprod[timestep]
    if (alphaCumprod !== undefined) return levelOfAlphaCumprod(alphaCumprod)
    const last = this.config.numTrainTimesteps - 1
    throw this.refuse('timestep', `must be a whole number from 0 to ${last}, but is ${timestep}`)
  }

  /** The share of the clean sample's variance that is left at a timestep; a negative one is behind the end of the run. */
  protected alphaCumprodAt(timestep: number): number {
    if (timestep < 0 && (this.config.setAlphaToOne ?? true)) return 1
    return this.noise.alphasCumprod[Math.max(timestep, 0)] as number
  }

  /** The noise level at a timestep of the run; a negative one is behind its end. */
  protected levelAt(timestep: number): NoiseLevel {
    return levelOfAlphaCumprod(this.alphaCumprodAt(timestep))
  }

  /** The share of the signal's variance that the way from one timestep to another leaves. Rounded as in the reference. */
  protected alphaOfStep(from: number, to: number): number {
    return Math.fround(this.alphaCumprodAt(from) / this.alphaCumprodAt(to))
  }

  /**
   * The timesteps of a run, falling, by the settings of the config.
   *
   * @throws SchedulerArgumentError if the offset leads out of the training
   */
  protected spacedTimesteps(numInferenceSteps: number): number[] {
    const timesteps = spaceTimesteps({ ...this.config, numInferenceSteps }).map(roundHalfEven)
    const last = this.config.numTrainTimesteps - 1
    if ((timesteps[0] as number) > last) {
      const begin = `with stepsOffset ${this.config.stepsOffset} the run begins at timestep ${timesteps[0]}`
      throw this.refuse(
        'numInferenceSteps',
        `must be less than ${numInferenceSteps}: ${begin}, but the training ends at ${last}`,
      )
    }
    return timesteps
  }

  /** The clean sample within its limits, from the network's output. */
  protected predictClean(level: NoiseLevel, sample: tf.Tensor, modelOutput: tf.Tensor): tf.Tensor {
    return limitCleanSample(this.convertToClean(level, sample, modelOutput), this.config)
  }

  /** The noise, from the network's output. */
  protected predictNoise(level: NoiseLevel, sample: tf.Tensor, modelOutput: tf.Tensor): tf.Tensor {
    return applyMix(noiseMix(this.config.predictionType, level), sample, modelOutput)
  }

  /** The clean sample as the network sees it, without limits. */
  protected convertToClean(level: NoiseLevel, sample: tf.Tensor, modelOutput: tf.Tensor): tf.Tensor {
    const { predictionType } = this.config
    if (predictionType !== 'epsilon') return applyMix(cleanSampleMix(predictionType, level), sample, modelOutput)
    // Divided last: at a level without signal this gives infinities, which can be clipped, where a mix would give no numbers.
    return linearCombination([1 / level.alpha, linearCombination([1, sample], [-level.sigma, modelOutput])])
  }
}
