/**
 * Euler's method in sigma space. Source: https://arxiv.org/abs/2206.00364, algorithm 2; counterpart:
 * schedulers/scheduling_euler_discrete.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { linspaceFloat32 } from '../noise-levels/number-sequences'
import { sigmaSettingNames, sigmaSettings } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { betaSettings, checkBetas, checkExclusive, spacingSettings } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { levelOfAlphaCumprod, type NoiseLevel, predictionTypes } from '../steps/prediction-type'
import { checkShape } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { churnedEulerStep } from './churned-euler-step'
import { DiscreteSigmaScheduler } from './discrete-sigma-scheduler'

const sigmaLimit = z.number().positive().nullable().default(null)

const schema = z
  .object({
    ...betaSettings,
    ...spacingSettings('linspace'),
    ...sigmaSettings,
    predictionType: z.enum(predictionTypes).default('epsilon'),
    /** How sigmas between those of the training are found. */
    interpolationType: z.enum(['linear', 'log_linear']).default('linear'),
    /** The ends of Karras, exponential and beta sigmas; by default those of the timesteps visited. */
    sigmaMin: sigmaLimit,
    sigmaMax: sigmaLimit,
    /** Continuous timesteps, a quarter of the sigma's logarithm, go with velocity prediction only. */
    timestepType: z.enum(['discrete', 'continuous']).default('discrete'),
  })
  .superRefine((config, context) => {
    checkBetas(config, context)
    checkExclusive(config, sigmaSettingNames, context)
  })

/** Settings of {@link EulerDiscreteScheduler}. */
export type EulerDiscreteConfig = z.output<typeof schema>

/** Adds noise on the way where {@link StepOptions.sChurn} says so. */
export class EulerDiscreteScheduler extends DiscreteSigmaScheduler<EulerDiscreteConfig> {
  static override readonly className: string = 'EulerDiscreteScheduler'

  protected override readonly setTimestepsOptions = ['timesteps', 'sigmas'] as const

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const { timesteps, sigmas } = request
    if (sigmas !== undefined) return this.arrange(this.timestepsOf(sigmas.slice(0, -1)), sigmas)
    if (timesteps !== undefined && this.isContinuous) {
      throw this.refuse('timesteps', 'cannot be given if timestepType is "continuous"')
    }
    return super.makeSchedule(request)
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { predictionType } = this.config
    const scheduler = classNameOf(this)
    checkShape(scheduler, 'modelOutput', modelOutput, sample)
    const [from, to] = [this.sigmaAt(index), this.sigmaAt(index + 1)]
    const steps = (this.sigmas?.length ?? 0) - 1
    return churnedEulerStep({ scheduler, sample, from, to, steps, options }, (noised, sigma) =>
      // Velocities are those of the sigma before fresh noise was added, as in the reference.
      this.predictClean(predictionType === 'v_prediction' ? from : sigma, noised, modelOutput),
    )
  }

  /**
   * Looks the training noise up by the place in the run's schedule, not by the timestep: a slip of the reference that its
   * results depend on.
   */
  protected override velocityLevel(timestep: number): NoiseLevel {
    return levelOfAlphaCumprod(this.noise.alphasCumprod[this.progress.indexOf(timestep)] as number)
  }

  private get isContinuous(): boolean {
    return this.config.timestepType === 'continuous' && this.config.predictionType === 'v_prediction'
  }

  /** With `log_linear` interpolation, as in the reference, one more than timesteps. */
  protected override sigmasAt(timesteps: readonly number[]): number[] {
    if (this.config.interpolationType === 'linear') return super.sigmasAt(timesteps)
    const { sigmas } = this.noise
    const [low, high] = [sigmas[0] as number, sigmas[sigmas.length - 1] as number].map(Math.log) as [number, number]
    return Array.from(linspaceFloat32(high, low, timesteps.length + 1).map(Math.exp))
  }

  protected override arrange(timesteps: readonly number[], sigmas: readonly number[]): Schedule {
    const schedule = super.arrange(timesteps, sigmas)
    if (!this.isContinuous) return schedule
    const continuous = schedule.sigmas?.slice(0, -1).map(sigma => Math.fround(0.25 * Math.log(sigma))) ?? []
    return { ...schedule, timesteps: continuous }
  }
}
