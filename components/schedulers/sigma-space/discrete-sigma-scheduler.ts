/**
 * What samplers in sigma space share where the network was trained on discrete timesteps, as variance preserving models are.
 * Counterpart: the like parts of schedulers/scheduling_euler_discrete.py and its relatives
 */

import type { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type { RawConfig } from '../../configs/parse-config'
import type * as tf from '../../tensors/tf'
import {
  makeSigmaSchedule,
  type NoiseScheduleSettings,
  type SigmaSchedule,
  trainingSchedule,
} from '../noise-levels/noise-schedule'
import { interpolate } from '../noise-levels/number-sequences'
import { finalSigma, refuseTimestepsWith, type SigmaSettings, spacedSigmas } from '../noise-levels/sigma-settings'
import { sigmaToTimestep } from '../noise-levels/sigma-to-timestep'
import { type SpacingOptions, spaceTimesteps } from '../noise-levels/timestep-spacing'
import type { Schedule } from '../run-progress'
import type { SchedulerConfig } from '../scheduler-config'
import { applyMix, cleanSampleMix, levelOfSigma, type PredictionType } from '../steps/prediction-type'
import type { TimestepsRequest } from '../timesteps-request'
import { SigmaSpaceScheduler } from './sigma-space-scheduler'

/** The settings that these schedulers have in common. Those that may be missing are off then. */
export interface DiscreteSigmaConfig
  extends SchedulerConfig,
    NoiseScheduleSettings,
    SigmaSettings,
    Pick<SpacingOptions, 'timestepSpacing' | 'stepsOffset'> {
  readonly numTrainTimesteps: number
  readonly predictionType: Exclude<PredictionType, 'flow_prediction'>
  readonly finalSigmasType?: 'zero' | 'sigma_min'
  readonly sigmaMin?: number | null
  readonly sigmaMax?: number | null
}

/** Knows the sigmas of the training, and makes the schedule of a run from them. */
export abstract class DiscreteSigmaScheduler<Config extends DiscreteSigmaConfig> extends SigmaSpaceScheduler<Config> {
  /** The noise levels of the training. */
  protected readonly noise: SigmaSchedule

  /** @throws ConfigError */
  constructor(schema: z.ZodObject & z.ZodType<Config>, config: RawConfig, file: string | undefined) {
    super(schema, config, file)
    this.noise = makeSigmaSchedule(this.config)
  }

  override get initNoiseSigma(): number {
    const largest = Math.max(...(this.sigmas ?? []))
    return this.config.timestepSpacing === 'leading' ? Math.hypot(largest, 1) : largest
  }

  protected override get trainingSchedule(): Schedule {
    const { timesteps, sigmas = [] } = trainingSchedule(this.noise)
    return this.arrange(timesteps, sigmas)
  }

  protected override inputScale(sigma: number): number {
    return levelOfSigma(sigma).alpha
  }

  protected override makeSchedule({ timesteps: custom, numInferenceSteps }: TimestepsRequest): Schedule {
    if (custom !== undefined) refuseTimestepsWith(classNameOf(this), this.config)
    const timesteps = custom ?? spaceTimesteps({ ...this.config, numInferenceSteps })
    const visited = this.sigmasAt(timesteps.map(this.roundTimestep))
    const range = {
      sigmaMax: this.config.sigmaMax ?? (visited[0] as number),
      sigmaMin: this.config.sigmaMin ?? (visited.at(-1) as number),
    }
    const spaced = spacedSigmas(this.config, range, numInferenceSteps)
    const last = finalSigma(this.config.finalSigmasType ?? 'zero', this.noise)
    if (spaced === undefined) return this.arrange(timesteps, [...visited, last])
    return this.arrange(this.timestepsOf(spaced), [...spaced, last])
  }

  /** A timestep as the reference keeps it: most of its schedulers do so in float32. */
  protected roundTimestep(timestep: number): number {
    return Math.fround(timestep)
  }

  /** The sigmas of the training at timesteps, fractions too. */
  protected sigmasAt(timesteps: readonly number[]): number[] {
    return timesteps.map(timestep => interpolate(this.noise.sigmas, timestep))
  }

  /** The timesteps, fractions, at which the training has sigmas. */
  protected timestepsOf(sigmas: readonly number[]): number[] {
    return sigmas.map(sigma => sigmaToTimestep(sigma, this.noise.logSigmas))
  }

  /**
   * The schedule that visits noise levels, with the rounding of the reference.
   *
   * @param timesteps one for each step
   * @param sigmas of the timesteps, and the one where the run ends
   */
  protected arrange(timesteps: readonly number[], sigmas: readonly number[]): Schedule {
    return { timesteps: timesteps.map(this.roundTimestep), sigmas: sigmas.map(Math.fround) }
  }

  /** The clean sample, from the network's output for a sample that holds noise of a sigma, and was scaled for it. */
  protected predictClean(sigma: number, sample: tf.Tensor, modelOutput: tf.Tensor): tf.Tensor {
    const level = levelOfSigma(sigma)
    const mix = cleanSampleMix(this.config.predictionType, level)
    // The mix is for the scaled sample.
    return applyMix({ sample: mix.sample * level.alpha, modelOutput: mix.modelOutput }, sample, modelOutput)
  }
}
