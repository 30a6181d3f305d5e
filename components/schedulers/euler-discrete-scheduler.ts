/**
 * Euler's method in sigma space. Source: https://arxiv.org/abs/2206.00364, algorithm 2; counterpart:
 * schedulers/scheduling_euler_discrete.py
 */
import { z } from 'zod'
import type * as tf from '../tensors/tf'
import { linearCombination } from './linear-combination'
import { makeSigmaSchedule, type SigmaSchedule, trainingSchedule } from './noise-schedule'
import { interpolate, linspaceFloat32 } from './number-sequences'
import {
  applyMix,
  cleanSampleMix,
  levelOfAlphaCumprod,
  levelOfSigma,
  type Mix,
  type NoiseLevel,
  predictionTypes,
} from './prediction-type'
import type { Schedule } from './run-progress'
import { SchedulerMixin } from './scheduler-base'
import { betaSettings, checkBetas, checkExclusive, spacingSettings } from './scheduler-config'
import { finalSigma, refuseTimestepsWith, sigmaSettingNames, sigmaSettings, spacedSigmas } from './sigma-settings'
import { sigmaToTimestep } from './sigma-to-timestep'
import { checkShape, stepNoise } from './step-noise'
import type { StepOptions, StepResult } from './step-options'
import { spaceTimesteps } from './timestep-spacing'
import type { TimestepsRequest } from './timesteps-request'

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

/** The largest share of a sigma that {@link StepOptions.sChurn} adds in one step. */
const MAX_GAMMA = Math.SQRT2 - 1

/** Samples hold noise of standard deviation sigma: scale them before they enter the network. */
export class EulerDiscreteScheduler extends SchedulerMixin<EulerDiscreteConfig> {
  protected override readonly setTimestepsOptions = ['timesteps', 'sigmas'] as const
  protected readonly trainingSchedule: Schedule
  private readonly noise: SigmaSchedule

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
    this.noise = makeSigmaSchedule(this.config)
    const { timesteps, sigmas = [] } = trainingSchedule(this.noise)
    this.trainingSchedule = this.finish(timesteps, sigmas)
  }

  override get initNoiseSigma(): number {
    const largest = Math.max(...this.runSigmas)
    return this.config.timestepSpacing === 'leading' ? Math.hypot(largest, 1) : largest
  }

  override scaleModelInput<T extends tf.Tensor>(sample: T, timestep: number): T {
    const { alpha } = levelOfSigma(this.runSigmas[this.locate(timestep)] as number)
    return linearCombination([alpha, sample])
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const { numInferenceSteps, sigmas } = request
    if (sigmas !== undefined) return this.finish(this.timestepsOf(sigmas.slice(0, -1)), sigmas)
    if (request.timesteps !== undefined) {
      refuseTimestepsWith(this.constructor.name, this.config)
      if (this.isContinuous) throw this.refuse('timesteps', 'cannot be given where timestepType is "continuous"')
    }
    const timesteps = request.timesteps ?? spaceTimesteps({ ...this.config, numInferenceSteps })
    const visited = this.sigmasAt(timesteps.map(Math.fround))
    const range = {
      sigmaMax: this.config.sigmaMax ?? (visited[0] as number),
      sigmaMin: this.config.sigmaMin ?? (visited.at(-1) as number),
    }
    const spaced = spacedSigmas(this.config, range, numInferenceSteps)
    const last = finalSigma(this.config.finalSigmasType, this.noise)
    if (spaced === undefined) return this.finish(timesteps, [...visited, last])
    return this.finish(this.timestepsOf(spaced), [...spaced, last])
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { sChurn = 0, sTmin = 0, sTmax = Infinity, sNoise = 1 } = options
    const name = this.constructor.name
    checkShape(name, 'modelOutput', modelOutput, sample)
    const sigmas = this.runSigmas
    const sigma = sigmas[index] as number
    const gamma = sTmin <= sigma && sigma <= sTmax ? Math.min(sChurn / (sigmas.length - 1), MAX_GAMMA) : 0
    const sigmaHat = sigma * (1 + gamma)
    const fresh = sNoise * Math.sqrt(sigmaHat ** 2 - sigma ** 2)
    const noised = gamma > 0 ? linearCombination([1, sample], [fresh, stepNoise(name, sample, options)]) : sample
    const predOriginalSample = applyMix(this.cleanSampleMix(sigma, sigmaHat), noised, modelOutput)
    // Along the straight line from the sample to the clean one.
    const left = (sigmas[index + 1] as number) / sigmaHat
    return { prevSample: linearCombination([left, noised], [1 - left, predOriginalSample]), predOriginalSample }
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    return { alpha: 1, sigma: this.runSigmas[this.progress.indexForNoise(timestep)] as number }
  }

  /**
   * Looks the training noise up by the place in the run's schedule, not by the timestep: a slip of the reference that its
   * results depend on.
   */
  protected override velocityLevel(timestep: number): NoiseLevel {
    return levelOfAlphaCumprod(this.noise.alphasCumprod[this.progress.indexOf(timestep)] as number)
  }

  private get runSigmas(): readonly number[] {
    return this.sigmas as readonly number[] // Every schedule of this class has them.
  }

  private get isContinuous(): boolean {
    return this.config.timestepType === 'continuous' && this.config.predictionType === 'v_prediction'
  }

  /** The sigmas at timesteps; with `log_linear` interpolation, as in the reference, one more than timesteps. */
  private sigmasAt(timesteps: readonly number[]): number[] {
    const { sigmas } = this.noise
    if (this.config.interpolationType === 'linear') return timesteps.map(timestep => interpolate(sigmas, timestep))
    const [low, high] = [sigmas[0] as number, sigmas[sigmas.length - 1] as number].map(Math.log) as [number, number]
    return Array.from(linspaceFloat32(high, low, timesteps.length + 1).map(Math.exp))
  }

  private timestepsOf(sigmas: readonly number[]): number[] {
    return sigmas.map(sigma => sigmaToTimestep(sigma, this.noise.logSigmas))
  }

  private finish(timesteps: readonly number[], sigmas: readonly number[]): Schedule {
    const rounded = sigmas.map(Math.fround)
    const shown = this.isContinuous ? rounded.slice(0, -1).map(value => 0.25 * Math.log(value)) : timesteps
    return { timesteps: shown.map(Math.fround), sigmas: rounded }
  }

  /**
   * The clean sample, from a sample in sigma space, which variance preserving models see scaled. Velocities are those of the
   * sigma before fresh noise was added, as in the reference.
   */
  private cleanSampleMix(sigma: number, sigmaHat: number): Mix {
    const { predictionType } = this.config
    const level = levelOfSigma(predictionType === 'v_prediction' ? sigma : sigmaHat)
    const mix = cleanSampleMix(predictionType, level)
    return { sample: mix.sample * level.alpha, modelOutput: mix.modelOutput }
  }
}
