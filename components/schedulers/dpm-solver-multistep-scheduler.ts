/**
 * DPM-Solver and DPM-Solver++, multistep: few steps of order 1 to 3, each with one prediction. Counterpart:
 * schedulers/scheduling_dpmsolver_multistep.py
 */
import { z } from 'zod'
import type { RunScope } from '../../src/container/run-scoped'
import type * as tf from '../tensors/tf'
import { dpmAlgorithms, dpmSolverFactors } from './dpm-solver-factors'
import { thresholdSample } from './dynamic-thresholding'
import { linearCombination } from './linear-combination'
import { makeSigmaSchedule, type SigmaSchedule, trainingSchedule } from './noise-schedule'
import { interpolate, roundHalfEven } from './number-sequences'
import { applyMix, cleanSampleMix, levelOfSigma, type NoiseLevel, noiseMix, predictionTypes } from './prediction-type'
import type { Schedule } from './run-progress'
import { SchedulerMixin } from './scheduler-base'
import { betaSettings, checkBetas, checkExclusive, spacingSettings, thresholdingSettings } from './scheduler-config'
import { flowSigmas, luSigmas } from './sigma-schedules'
import { finalSigma, refuseTimestepsWith, sigmaSettingNames, sigmaSettings, spacedSigmas } from './sigma-settings'
import { sigmaToTimestep } from './sigma-to-timestep'
import { checkShape, stepNoise } from './step-noise'
import type { StepOptions, StepResult } from './step-options'
import { TensorHistory } from './tensor-history'
import { spaceTimesteps } from './timestep-spacing'
import type { TimestepsRequest } from './timesteps-request'

const settingNames = [...sigmaSettingNames, 'useLuLambdas', 'useFlowSigmas'] as const

const schema = z
  .object({
    ...betaSettings,
    ...spacingSettings('linspace'),
    ...sigmaSettings,
    ...thresholdingSettings,
    predictionType: z.enum([...predictionTypes, 'flow_prediction']).default('epsilon'),
    /** 2 is advised with guidance, 3 without. */
    solverOrder: z.int().min(1).max(3).default(2),
    /** DEIS, of which a config may come, has a name of its own for what is here dpmsolver++. */
    algorithmType: z
      .enum([...dpmAlgorithms, 'deis'])
      .transform(name => (name === 'deis' ? 'dpmsolver++' : name))
      .default('dpmsolver++'),
    /** The names of DEIS and UniPC, of which a config may come, stand for midpoint. */
    solverType: z
      .enum(['midpoint', 'heun', 'logrho', 'bh1', 'bh2'])
      .transform(name => (name === 'heun' ? name : 'midpoint'))
      .default('midpoint'),
    /** In runs of less than 15 steps, lower the order at the end. */
    lowerOrderFinal: z.boolean().default(true),
    /** Take the last step with order 1. */
    eulerAtFinal: z.boolean().default(false),
    /** Even steps in the solver's own time. */
    useLuLambdas: z.boolean().default(false),
    /** The noise levels of a flow, in place of those of the betas. */
    useFlowSigmas: z.boolean().default(false),
    flowShift: z.number().positive().default(1),
    /** Training timesteps with less signal than this, as half the log of signal to noise, are not visited. */
    lambdaMinClipped: z.union([z.number(), z.literal(-Infinity)]).default(-Infinity),
    /** The network's output holds a variance behind its first three channels, which is not used. */
    varianceType: z.enum(['learned', 'learned_range']).nullable().default(null),
    /** Take the flow's shift from `mu` of setTimesteps. */
    useDynamicShifting: z.boolean().default(false),
    timeShiftType: z.enum(['exponential']).default('exponential'),
  })
  .superRefine((config, context) => {
    checkBetas(config, context)
    checkExclusive(config, settingNames, context)
    const { algorithmType, finalSigmasType, solverOrder } = config
    const problem = (key: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message })
    if (!algorithmType.endsWith('++') && finalSigmasType === 'zero') {
      problem('finalSigmasType', `"zero" is not possible with algorithm_type "${algorithmType}"; use "sigma_min"`)
    }
    if (algorithmType === 'sde-dpmsolver' && solverOrder === 3) {
      problem('solverOrder', 'must be 1 or 2 with algorithm_type "sde-dpmsolver", but is 3')
    }
  })

/** Settings of {@link DPMSolverMultistepScheduler}. */
export type DPMSolverMultistepConfig = z.output<typeof schema>

/** Timesteps, and as many sigmas. */
interface Visited {
  readonly timesteps: readonly number[]
  readonly sigmas: readonly number[]
}

/** Runs with fewer steps than this lower the order at the end. */
const FEW_STEPS = 15

/** Remembers the predictions of the last steps. */
export class DPMSolverMultistepScheduler extends SchedulerMixin<DPMSolverMultistepConfig> {
  protected override readonly setTimestepsOptions = ['timesteps', 'mu'] as const
  protected readonly trainingSchedule: Schedule
  private readonly noise: SigmaSchedule
  private history: TensorHistory

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
    this.noise = makeSigmaSchedule(this.config)
    this.trainingSchedule = trainingSchedule(this.noise)
    this.history = this.makeHistory()
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.history = copy.makeHistory()
    return copy
  }

  override dispose(): void {
    this.history.clear()
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const { timesteps, sigmas } = this.visited(request)
    return {
      timesteps: timesteps.map(Math.trunc),
      sigmas: [...sigmas, finalSigma(this.config.finalSigmasType, this.noise)].map(Math.fround),
      numInferenceSteps: timesteps.length,
    }
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { algorithmType, solverType } = this.config
    const name = this.constructor.name
    const mean = this.config.varianceType === null ? modelOutput : firstChannels(modelOutput)
    checkShape(name, 'modelOutput', mean, sample)
    const noise = algorithmType.startsWith('sde') ? stepNoise(name, sample, options) : undefined
    const prediction = this.convertModelOutput(index, mean, sample)
    const predictions = [prediction, ...this.history.newestFirst].slice(0, this.orderAt(index))
    const levels = predictions.map((_, age) => this.levelAt(index - age))
    const factors = dpmSolverFactors(algorithmType, solverType, this.levelAt(index + 1), levels)
    const prevSample = linearCombination(
      [factors.sample, sample],
      ...predictions.map((tensor, age) => [factors.predictions[age] as number, tensor] as const),
      ...(noise === undefined ? [] : [[factors.noise, noise] as const]),
    )
    this.history.push(prediction)
    return { prevSample }
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    return this.levelAt(this.progress.indexForNoise(timestep))
  }

  private makeHistory(): TensorHistory {
    return new TensorHistory(this.config.solverOrder - 1)
  }

  /** Timesteps before they are cut to whole numbers, and their sigmas. */
  private visited({ timesteps, numInferenceSteps, mu }: TimestepsRequest): Visited {
    const { config, noise } = this
    if (mu !== undefined && !config.useDynamicShifting) {
      throw this.refuse('mu', 'can be given only where useDynamicShifting is on')
    }
    if (timesteps !== undefined) {
      refuseTimestepsWith(this.constructor.name, config)
      return this.interpolated(timesteps.map(Math.trunc))
    }
    if (config.useFlowSigmas) {
      const shift = mu === undefined ? config.flowShift : Math.exp(mu)
      const sigmas = flowSigmas(config.numTrainTimesteps, shift, numInferenceSteps)
      return { timesteps: sigmas.map(sigma => sigma * config.numTrainTimesteps), sigmas }
    }
    const range = { sigmaMax: noise.sigmas.at(-1) as number, sigmaMin: noise.sigmas[0] as number }
    const sigmas = config.useLuLambdas
      ? luSigmas(range, numInferenceSteps)
      : spacedSigmas(config, range, numInferenceSteps)
    if (sigmas === undefined) {
      const spacing = { ...config, numInferenceSteps, reachable: this.reachable, omitLast: true }
      return this.interpolated(spaceTimesteps(spacing).map(roundHalfEven))
    }
    const found = sigmas.map(sigma => sigmaToTimestep(sigma, noise.logSigmas))
    const rounds = (config.useKarrasSigmas || config.useLuLambdas) && config.betaSchedule !== 'squaredcos_cap_v2'
    return { timesteps: rounds ? found.map(roundHalfEven) : found, sigmas }
  }

  /** Timesteps with the sigmas of the training. */
  private interpolated(timesteps: readonly number[]): Visited {
    return { timesteps, sigmas: timesteps.map(timestep => interpolate(this.noise.sigmas, timestep)) }
  }

  /** How many training timesteps have enough signal. */
  private get reachable(): number {
    const { lambdaMinClipped } = this.config
    const clipped = this.noise.logSigmas.findIndex(logSigma => -logSigma < lambdaMinClipped)
    return clipped < 0 ? this.noise.logSigmas.length : clipped
  }

  /** The order of a step: as much as is remembered, and less at the end. */
  private orderAt(index: number): number {
    const { solverOrder, lowerOrderFinal, eulerAtFinal, finalSigmasType } = this.config
    const left = this.timesteps.length - index
    const lowers = lowerOrderFinal && this.timesteps.length < FEW_STEPS
    if (left === 1 && (lowers || eulerAtFinal || finalSigmasType === 'zero')) return 1
    return left === 2 && lowers ? Math.min(solverOrder, 2) : solverOrder
  }

  private levelAt(index: number): NoiseLevel {
    // Every schedule of this class has sigmas, one more than steps.
    const sigma = (this.sigmas as readonly number[])[index] as number
    return this.config.useFlowSigmas ? { alpha: 1 - sigma, sigma } : levelOfSigma(sigma)
  }

  /** What the algorithm follows: the clean sample or the noise, after thresholding of the clean sample. */
  private convertModelOutput(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): tf.Tensor {
    const { predictionType, algorithmType, thresholding } = this.config
    const level = this.levelAt(index)
    const followsNoise = !algorithmType.endsWith('++')
    if (followsNoise && !thresholding) return applyMix(noiseMix(predictionType, level), sample, modelOutput)
    const clean = applyMix(cleanSampleMix(predictionType, level), sample, modelOutput)
    const kept = thresholding ? thresholdSample(clean, this.config) : clean
    return followsNoise ? applyMix(noiseMix('sample', level), sample, kept) : kept
  }
}

/** The first three channels, `[…, 3]`. */
function firstChannels(tensor: tf.Tensor): tf.Tensor {
  return tensor.slice(
    tensor.shape.map(() => 0),
    [...tensor.shape.slice(0, -1), 3],
  )
}
