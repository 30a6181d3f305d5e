/** Settings that the exponential integrators share: DPM-Solver, DEIS, UniPC and SA-Solver. */
import { z } from 'zod'
import type { NoiseScheduleSettings } from '../noise-levels/noise-schedule'
import { type SigmaSettings, sigmaSettingNames, sigmaSpacingSettings } from '../noise-levels/sigma-settings'
import type { SpacingOptions } from '../noise-levels/timestep-spacing'
import {
  checkBetas,
  checkExclusive,
  type SchedulerConfig,
  thresholdingSettings,
  trainedBetaSettings,
} from '../scheduler-config'
import type { ThresholdingOptions } from '../steps/dynamic-thresholding'
import { type PredictionType, predictionTypes } from '../steps/prediction-type'

/** What all of them have. Check with {@link checkSolver}. */
export const solverSettings = {
  ...trainedBetaSettings,
  betaSchedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  ...sigmaSpacingSettings,
  ...thresholdingSettings,
  predictionType: z.enum([...predictionTypes, 'flow_prediction']).default('epsilon'),
  /** In short runs, lower the order at the end. */
  lowerOrderFinal: z.boolean().default(true),
  /** The noise levels of a flow, in place of those of the betas. */
  useFlowSigmas: z.boolean().default(false),
  flowShift: z.number().positive().default(1),
}

/** Limits of what the network was trained for. */
export const networkSettings = {
  /** Training timesteps with less signal than this, as half the log of signal to noise, are not visited. */
  lambdaMinClipped: z.union([z.number(), z.literal(-Infinity)]).default(-Infinity),
  /** Predictions of the noise come with a variance behind their first three channels, which is not used. */
  varianceType: z.enum(['learned', 'learned_range']).nullable().default(null),
}

/** The shift of a flow that each run brings along. */
export const dynamicShiftSettings = {
  /** Take the flow's shift from `mu` of setTimesteps. */
  useDynamicShifting: z.boolean().default(false),
  timeShiftType: z.enum(['exponential']).default('exponential'),
}

/** The settings that decide the schedule and the meaning of the network's output. Those that a solver has not are off. */
export interface SolverConfig
  extends SchedulerConfig,
    NoiseScheduleSettings,
    SigmaSettings,
    ThresholdingOptions,
    Partial<Pick<SpacingOptions, 'timestepSpacing' | 'stepsOffset'>> {
  readonly numTrainTimesteps: number
  readonly predictionType: PredictionType
  readonly thresholding: boolean
  readonly lowerOrderFinal: boolean
  readonly useFlowSigmas: boolean
  readonly flowShift: number
  readonly useDynamicShifting?: boolean
  readonly lambdaMinClipped?: number
  readonly varianceType?: 'learned' | 'learned_range' | null
}

type CheckedConfig = z.output<z.ZodObject<typeof solverSettings>>

/** Where a problem with a config is put. */
type Problems = Parameters<typeof checkBetas>[1]

/**
 * Reports settings that contradict each other.
 *
 * @param noFlow the ways to space sigmas that lead to no flow's, whose sigmas are below 1
 */
export function checkSolver(
  config: CheckedConfig,
  problems: Problems,
  noFlow: readonly (typeof sigmaSettingNames)[number][] = sigmaSettingNames,
): void {
  checkBetas(config, problems)
  checkExclusive(config, sigmaSettingNames, problems)
  for (const name of noFlow) checkExclusive(config, [name, 'useFlowSigmas'], problems)
}

/** Reports that a flow's direction cannot be turned to noise. `reason` is the setting that asks for it. */
export function refuseFlowPrediction(config: CheckedConfig, reason: string, problems: Problems): void {
  if (config.predictionType !== 'flow_prediction') return
  const message = `"flow_prediction" is not possible with ${reason}`
  problems.addIssue({ code: 'custom', path: ['predictionType'], message })
}
