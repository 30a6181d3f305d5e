/**
 * What schedulers of flow matching models share: a sample is a crossfade `(1 − sigma) · clean + sigma · noise`, and timesteps are
 * sigmas times the length of the training. Source: https://arxiv.org/abs/2403.03206; counterpart: the like parts of
 * schedulers/scheduling_flow_match_euler_discrete.py and its relatives
 */
import { z } from 'zod'
import { emitWarningOnce } from '../../../src/errors/emit-warning'
import { classNameOf } from '../../../src/format/class-name'
import type { RawConfig } from '../../configs/parse-config'
import { exact, shiftSigma, shiftSigmaBy, stretchToTerminal, timeShiftTypes } from '../noise-levels/flow-shift'
import { linspace } from '../noise-levels/number-sequences'
import { type SigmaSettings, sigmaSpacingSettings, spacedSigmas } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { SchedulerMixin } from '../scheduler-base'
import { type SchedulerConfig, trainTimesteps } from '../scheduler-config'
import type { NoiseLevel } from '../steps/prediction-type'
import {
  checkFalling,
  checkOptionNames,
  checkStepCount,
  type SetTimestepsOptions,
  type TimestepsLimits,
  type TimestepsRequest,
} from '../timesteps-request'

/** The length of the training, and how far its sigmas are shifted. */
export const flowSettings = {
  numTrainTimesteps: trainTimesteps(2),
  /** Above 1, more of the steps are at high noise. Taken twice, as in the reference: for the ends of a run and for its sigmas. */
  shift: z.number().positive().default(1),
}

/** The same, with all that can be done to the sigmas of a run. */
export const flowSpacingSettings = {
  ...flowSettings,
  ...sigmaSpacingSettings,
  /** Take the shift from `mu` of setTimesteps, in place of `shift`. */
  useDynamicShifting: z.boolean().default(false),
  /** The `mu` of an image of `baseImageSeqLen` tokens. */
  baseShift: z.number().default(0.5),
  /** The `mu` of an image of `maxImageSeqLen` tokens. */
  maxShift: z.number().default(1.15),
  baseImageSeqLen: z.int().positive().default(256),
  maxImageSeqLen: z.int().positive().default(4096),
  /** Whether `mu` is the logarithm of the shift or the shift itself. */
  timeShiftType: z.enum(timeShiftTypes).default('exponential'),
  /** Stretch the schedule so that its last sigma is this. 0 and null leave it. */
  shiftTerminal: z.number().min(0).lt(1).nullable().default(null),
  /** Run from the clean sample to the noise. */
  invertSigmas: z.boolean().default(false),
}

type FlowSpacing = z.output<z.ZodObject<typeof flowSpacingSettings>>

/** The settings that these schedulers have in common. Those that may be missing are off then. */
export interface FlowMatchConfig extends SchedulerConfig, SigmaSettings {
  readonly numTrainTimesteps: number
  readonly shift: number
  readonly useDynamicShifting?: boolean
  readonly timeShiftType?: FlowSpacing['timeShiftType']
  readonly shiftTerminal?: number | null
  readonly invertSigmas?: boolean
}

/** Makes the schedule of a run. The network predicts the direction of the flow, `noise − clean`. */
export abstract class FlowMatchScheduler<Config extends FlowMatchConfig> extends SchedulerMixin<Config> {
  protected readonly trainingSchedule: Schedule

  /** @throws ConfigError */
  constructor(schema: z.ZodObject & z.ZodType<Config>, config: RawConfig, file: string | undefined) {
    super(schema, config, file)
    const { numTrainTimesteps, shift, useDynamicShifting } = this.config
    const sigmas = Array.from({ length: numTrainTimesteps }, (_, i) => {
      const sigma = Math.fround((numTrainTimesteps - i) / numTrainTimesteps)
      return useDynamicShifting ? sigma : shiftSigma(shift, sigma, Math.fround)
    })
    this.trainingSchedule = {
      timesteps: sigmas.map(sigma => Math.fround(sigma * numTrainTimesteps)),
      sigmas: [...sigmas, 0],
    }
  }

  /** Sigmas are not the ones of the run but before they are shifted, and have no end; with `timesteps` there are as many of them. */
  protected override checkRequest(
    numInferenceSteps: number | undefined,
    options: SetTimestepsOptions,
    limits: TimestepsLimits,
  ): TimestepsRequest {
    checkOptionNames(options, limits)
    const { timesteps, sigmas, mu } = options
    this.checkMu(mu)
    const steps = checkStepCount(numInferenceSteps ?? (sigmas ?? timesteps)?.length, limits)
    for (const [name, values, largest] of [
      ['timesteps', timesteps, limits.numTrainTimesteps],
      ['sigmas', sigmas, 1],
    ] as const) {
      if (values === undefined) continue
      checkFalling(limits.scheduler, name, values, largest)
      if (values.length !== steps) throw this.refuse(name, `must be ${steps}, but are ${values.length}`)
      if (this.config.useExponentialSigmas && values.at(-1) === 0) {
        throw this.refuse(name, 'must not end in 0 if useExponentialSigmas is on')
      }
    }
    return { ...options, numInferenceSteps: steps }
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const { numTrainTimesteps, invertSigmas } = this.config
    const sigmas = this.runSigmas(request).map(Math.fround)
    const shown = invertSigmas ? sigmas.map(sigma => Math.fround(1 - sigma)) : sigmas
    const own = invertSigmas ? undefined : request.timesteps
    return {
      timesteps: (own ?? shown.map(sigma => sigma * numTrainTimesteps)).map(Math.fround),
      sigmas: [...shown, invertSigmas ? 1 : 0],
    }
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    const sigma = this.sigmaAt(this.progress.indexForNoise(timestep))
    return { alpha: 1 - sigma, sigma }
  }

  /** The velocity of a flow is the same at every timestep. */
  protected override velocityLevel(_timestep: number): NoiseLevel {
    return { alpha: 1, sigma: 1 }
  }

  /** The sigma at a place in the schedule. */
  protected sigmaAt(index: number): number {
    return (this.sigmas as readonly number[])[index] as number // Every schedule of such a class has sigmas, one more than steps.
  }

  /** The sigmas of a run: spaced, shifted, stretched, and spaced again between their ends, in this order. */
  private runSigmas({ timesteps, sigmas, numInferenceSteps, mu }: TimestepsRequest): number[] {
    const { numTrainTimesteps, shift, timeShiftType = 'exponential', shiftTerminal } = this.config
    const trained = this.trainingSchedule.sigmas as readonly number[]
    const [first, last] = [trained[0] as number, trained[numTrainTimesteps - 1] as number]
    const even = linspace(first * numTrainTimesteps, last * numTrainTimesteps, numInferenceSteps)
    // What the caller gives, the reference holds in float32.
    const round = sigmas === undefined && timesteps === undefined ? exact : Math.fround
    const spaced = sigmas ?? (timesteps ?? even).map(timestep => round(timestep) / numTrainTimesteps)
    const shifted = spaced.map(round).map(sigma =>
      this.config.useDynamicShifting
        ? shiftSigmaBy(mu as number, timeShiftType, sigma, round) // Checked with the request.
        : shiftSigma(shift, sigma, round),
    )
    if (shiftTerminal && shifted.at(-1) === 1) {
      throw this.refuse(
        'numInferenceSteps',
        'must be more than 1 if shiftTerminal is set: it stretches towards the last sigma',
      )
    }
    const stretched = shiftTerminal ? stretchToTerminal(shifted, shiftTerminal, round) : shifted
    const range = { sigmaMax: stretched[0] as number, sigmaMin: stretched.at(-1) as number }
    return spacedSigmas(this.config, range, numInferenceSteps) ?? stretched
  }

  private checkMu(mu: number | undefined): void {
    const { useDynamicShifting, timeShiftType } = this.config
    if (!useDynamicShifting) {
      if (mu === undefined) return
      const problem = `${classNameOf(this)} ignores mu (${mu}), because useDynamicShifting is off.`
      emitWarningOnce('MU_IGNORED', `${problem} Leave it out, or set useDynamicShifting.`)
      return
    }
    if (mu === undefined) throw this.refuse('mu', 'is required if useDynamicShifting is on')
    if (!Number.isFinite(mu) || (timeShiftType === 'linear' && mu <= 0)) {
      const allowed = timeShiftType === 'linear' ? 'a number above 0 if timeShiftType is "linear"' : 'a finite number'
      throw this.refuse('mu', `must be ${allowed}, but is ${mu}`)
    }
  }
}
