/**
 * What exponential integrators share: they solve the linear part of the diffusion equation exactly and follow the network's predictions, of
 * the clean sample or of the noise, by a polynomial. Source: https://arxiv.org/abs/2206.00927; counterpart: the like parts of
 * schedulers/scheduling_dpmsolver_multistep.py and its relatives
 */

import type { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import type { RawConfig } from '../../configs/parse-config'
import type * as tf from '../../tensors/tf'
import { makeSigmaSchedule, type SigmaSchedule, trainingSchedule } from '../noise-levels/noise-schedule'
import { interpolate, roundHalfEven } from '../noise-levels/number-sequences'
import { flowSigmas, type SigmaRange } from '../noise-levels/sigma-schedules'
import { refuseTimestepsWith, spacedSigmas } from '../noise-levels/sigma-settings'
import { sigmaToTimestep } from '../noise-levels/sigma-to-timestep'
import { spaceTimesteps } from '../noise-levels/timestep-spacing'
import type { Schedule } from '../run-progress'
import { SchedulerMixin } from '../scheduler-base'
import { thresholdSample } from '../steps/dynamic-thresholding'
import { applyMix, cleanSampleMix, levelOfSigma, type NoiseLevel, noiseMix } from '../steps/prediction-type'
import { checkShape } from '../steps/step-noise'
import { TensorHistory } from '../steps/tensor-history'
import type { TimestepsRequest } from '../timesteps-request'
import type { SolverConfig } from './exponential-solver-settings'

/** The places of a run where the network is asked. */
export interface VisitedLevels {
  /** Before they are cut to whole numbers. */
  readonly timesteps: readonly number[]
  /** As many as timesteps. */
  readonly sigmas: readonly number[]
  /** Whether a setting has spaced the sigmas; otherwise they are those of the timesteps. */
  readonly spaced: boolean
}

/** The end of a run that does not end in no noise at all: spaced sigmas repeat their last one, others go down to the smallest of the training. */
export function endOfSpaced({ sigmas, spaced }: VisitedLevels, noise: SigmaSchedule): number {
  return (spaced ? sigmas.at(-1) : noise.sigmas[0]) as number // There are some.
}

/** Remembers the predictions of the last steps. */
export abstract class ExponentialSolverScheduler<Config extends SolverConfig> extends SchedulerMixin<Config> {
  /** The noise levels of the training. */
  protected readonly noise: SigmaSchedule
  protected readonly trainingSchedule: Schedule
  /** Predictions of earlier steps. */
  protected history: TensorHistory

  /** @throws ConfigError */
  constructor(schema: z.ZodObject & z.ZodType<Config>, config: RawConfig, file: string | undefined) {
    super(schema, config, file)
    this.noise = makeSigmaSchedule(this.config)
    this.trainingSchedule = trainingSchedule(this.noise)
    this.history = new TensorHistory(this.memory())
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.history = new TensorHistory(this.memory())
    return copy
  }

  override dispose(): void {
    this.history.clear()
  }

  /** How many predictions are remembered. Depends on the config alone. */
  protected abstract memory(): number

  /** Whether predictions are of the noise; otherwise of the clean sample. */
  protected abstract get followsNoise(): boolean

  /** The sigma that a run ends with. */
  protected abstract endSigma(visited: VisitedLevels): number

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const visited = this.visit(request)
    return {
      timesteps: visited.timesteps.map(Math.trunc),
      sigmas: [...visited.sigmas, this.endSigma(visited)].map(Math.fround),
      numInferenceSteps: visited.timesteps.length,
    }
  }

  /** The places that a run visits. */
  protected visit(request: TimestepsRequest): VisitedLevels {
    if (request.timesteps !== undefined) {
      refuseTimestepsWith(classNameOf(this), this.config)
      if (this.config.useFlowSigmas) throw this.refuse('timesteps', 'cannot be given if useFlowSigmas is on')
      return this.interpolated(request.timesteps.map(Math.trunc))
    }
    const sigmas = this.spaceSigmas(request)
    if (sigmas === undefined) return this.interpolated(this.spaceTimesteps(request.numInferenceSteps))
    return { timesteps: this.timestepsOf(sigmas), sigmas, spaced: true }
  }

  /** The sigmas that the settings ask for; `undefined` if they leave that to the timesteps. */
  protected spaceSigmas({ numInferenceSteps, mu }: TimestepsRequest): readonly number[] | undefined {
    const { useFlowSigmas, numTrainTimesteps, flowShift, useDynamicShifting = false } = this.config
    if (mu !== undefined && !useDynamicShifting) {
      throw this.refuse('mu', 'can be given only if useDynamicShifting is on')
    }
    if (!useFlowSigmas) return spacedSigmas(this.config, this.sigmaRange, numInferenceSteps)
    return flowSigmas(numTrainTimesteps, mu === undefined ? flowShift : Math.exp(mu), numInferenceSteps)
  }

  /** The ends of sigmas that settings space. */
  protected get sigmaRange(): SigmaRange {
    return { sigmaMax: this.noise.sigmas.at(-1) as number, sigmaMin: this.noise.sigmas[0] as number }
  }

  /** Whether the timesteps of spaced sigmas are rounded; otherwise they are cut. */
  protected get roundsTimesteps(): boolean {
    return this.config.useKarrasSigmas ?? false
  }

  /** The timesteps that the spacing asks for. */
  protected spaceTimesteps(numInferenceSteps: number): readonly number[] {
    const { timestepSpacing = 'linspace', stepsOffset = 0, numTrainTimesteps } = this.config
    const spacing = { timestepSpacing, stepsOffset, numTrainTimesteps, numInferenceSteps }
    return spaceTimesteps({ ...spacing, reachable: this.reachable, omitLast: true }).map(roundHalfEven)
  }

  /** How many training timesteps have enough signal. */
  protected get reachable(): number {
    const { lambdaMinClipped = -Infinity } = this.config
    const clipped = this.noise.logSigmas.findIndex(logSigma => -logSigma < lambdaMinClipped)
    return clipped < 0 ? this.noise.logSigmas.length : clipped
  }

  /** The signal and noise at a place in the schedule. */
  protected levelAt(index: number): NoiseLevel {
    const sigma = this.sigmaAt(index)
    return this.config.useFlowSigmas ? { alpha: 1 - sigma, sigma } : levelOfSigma(sigma)
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    return this.levelAt(this.progress.indexForNoise(timestep))
  }

  /** Whether predictions of the clean sample are limited. */
  protected get thresholds(): boolean {
    return this.config.thresholding
  }

  /**
   * What the solver follows, the clean sample or the noise. A new tensor.
   *
   * @throws SchedulerArgumentError if the output has not the sample's shape
   */
  protected convertModelOutput(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): tf.Tensor {
    const { predictionType, varianceType = null } = this.config
    const mean = varianceType === null || predictionType !== 'epsilon' ? modelOutput : firstChannels(modelOutput)
    checkShape(classNameOf(this), 'modelOutput', mean, sample)
    const level = this.levelAt(index)
    const isFlow = predictionType === 'flow_prediction'
    if (this.followsNoise && !this.thresholds && !isFlow) return applyMix(noiseMix(predictionType, level), sample, mean)
    // As in the reference, a flow's direction goes with the sigma of the schedule, also where samples keep their variance.
    const flowLevel = isFlow ? { ...level, sigma: this.sigmaAt(index) } : level
    const clean = applyMix(cleanSampleMix(predictionType, flowLevel), sample, mean)
    const kept = this.thresholds ? thresholdSample(clean, this.config) : clean
    return this.followsNoise ? applyMix(noiseMix('sample', flowLevel), sample, kept) : kept
  }

  private sigmaAt(index: number): number {
    return (this.sigmas as readonly number[])[index] as number // Every schedule of this class has sigmas, one more than steps.
  }

  /** Timesteps with the sigmas of the training. */
  private interpolated(timesteps: readonly number[]): VisitedLevels {
    const sigmas = timesteps.map(timestep => interpolate(this.noise.sigmas, timestep))
    return { timesteps, sigmas, spaced: false }
  }

  private timestepsOf(sigmas: readonly number[]): number[] {
    if (this.config.useFlowSigmas) return sigmas.map(sigma => sigma * this.config.numTrainTimesteps)
    const timesteps = sigmas.map(sigma => sigmaToTimestep(sigma, this.noise.logSigmas))
    return this.roundsTimesteps ? timesteps.map(roundHalfEven) : timesteps
  }
}

/** The first three channels, `[…, 3]`. */
function firstChannels(tensor: tf.Tensor): tf.Tensor {
  return tensor.slice(
    tensor.shape.map(() => 0),
    [...tensor.shape.slice(0, -1), 3],
  )
}
