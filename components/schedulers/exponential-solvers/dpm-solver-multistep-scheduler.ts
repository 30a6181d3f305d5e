/**
 * DPM-Solver and DPM-Solver++, multistep: few steps of order 1 to 3, each with one prediction. Counterpart:
 * schedulers/scheduling_dpmsolver_multistep.py
 */
import { z } from 'zod'
import { luSigmas } from '../noise-levels/sigma-schedules'
import { finalSigma, sigmaSettingNames, sigmaSettings } from '../noise-levels/sigma-settings'
import { betaSettings, checkExclusive, spacingSettings } from '../scheduler-config'
import type { TimestepsRequest } from '../timesteps-request'
import { DPMSolverMultistepBase } from './dpm-solver-multistep-base'
import { checkDPMSolver, dpmSolverSettings } from './dpm-solver-settings'
import type { VisitedLevels } from './exponential-solver-scheduler'
import { checkSolver, dynamicShiftSettings, networkSettings } from './exponential-solver-settings'

const schema = z
  .object({
    ...dpmSolverSettings,
    ...networkSettings,
    ...spacingSettings('linspace'),
    ...dynamicShiftSettings,
    rescaleBetasZeroSnr: betaSettings.rescaleBetasZeroSnr,
    finalSigmasType: sigmaSettings.finalSigmasType,
    /** Take the last step with order 1. */
    eulerAtFinal: z.boolean().default(false),
    /** Even steps in the solver's own time. */
    useLuLambdas: z.boolean().default(false),
  })
  .superRefine((config, context) => {
    checkSolver(config, context)
    for (const name of [...sigmaSettingNames, 'useFlowSigmas'] as const) {
      checkExclusive(config, ['useLuLambdas', name], context)
    }
    checkDPMSolver(config, context)
  })

/** Settings of {@link DPMSolverMultistepScheduler}. */
export type DPMSolverMultistepConfig = z.output<typeof schema>

/** Remembers the predictions of the last steps. */
export class DPMSolverMultistepScheduler extends DPMSolverMultistepBase<DPMSolverMultistepConfig> {
  static override readonly className: string = 'DPMSolverMultistepScheduler'

  protected override readonly setTimestepsOptions = ['timesteps', 'mu'] as const

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override endSigma(): number {
    return finalSigma(this.config.finalSigmasType, this.noise)
  }

  protected override visit(request: TimestepsRequest): VisitedLevels {
    if (request.timesteps !== undefined && this.config.useLuLambdas) {
      throw this.refuse('timesteps', 'cannot be given if useLuLambdas is on')
    }
    return super.visit(request)
  }

  protected override spaceSigmas(request: TimestepsRequest): readonly number[] | undefined {
    return this.config.useLuLambdas ? luSigmas(this.sigmaRange, request.numInferenceSteps) : super.spaceSigmas(request)
  }

  protected override get roundsTimesteps(): boolean {
    const { useKarrasSigmas, useLuLambdas, betaSchedule } = this.config
    return (useKarrasSigmas || useLuLambdas) && betaSchedule !== 'squaredcos_cap_v2'
  }

  protected override orderAt(index: number): number {
    // There is no second order where the noise ends.
    const isLast = index === this.timesteps.length - 1
    return isLast && this.config.finalSigmasType === 'zero' ? 1 : super.orderAt(index)
  }
}
