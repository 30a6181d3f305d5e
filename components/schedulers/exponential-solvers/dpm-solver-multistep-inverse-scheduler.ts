/**
 * DPM-Solver backwards: from a clean sample to its noise. Counterpart: schedulers/scheduling_dpmsolver_multistep_inverse.py
 */
import { z } from 'zod'
import { roundHalfEven } from '../noise-levels/number-sequences'
import type { SigmaRange } from '../noise-levels/sigma-schedules'
import { spaceTimesteps } from '../noise-levels/timestep-spacing'
import type { Schedule } from '../run-progress'
import { spacingSettings } from '../scheduler-config'
import type { TimestepsRequest } from '../timesteps-request'
import { DPMSolverMultistepBase } from './dpm-solver-multistep-base'
import { checkDPMSolver, dpmSolverSettings } from './dpm-solver-settings'
import type { VisitedLevels } from './exponential-solver-scheduler'
import { checkSolver, networkSettings } from './exponential-solver-settings'

const schema = z
  .object({
    ...dpmSolverSettings,
    ...networkSettings,
    ...spacingSettings('linspace'),
    /** Take the last step with order 1. */
    eulerAtFinal: z.boolean().default(false),
  })
  .superRefine((config, context) => {
    checkSolver(config, context)
    checkDPMSolver(config, context)
    // Flows go the other way: see below.
    if (config.algorithmType.startsWith('sde') && !config.useFlowSigmas) {
      const message = `"${config.algorithmType}" is not possible: steps towards the noise leave no room for fresh noise; use "dpmsolver++"`
      context.addIssue({ code: 'custom', path: ['algorithmType'], message })
    }
  })

/** Settings of {@link DPMSolverMultistepInverseScheduler}. */
export type DPMSolverMultistepInverseConfig = z.output<typeof schema>

/**
 * Its timesteps rise. With `useFlowSigmas` they fall, as in the reference. Steps that fall on one training timestep are taken for one; the
 * sigmas of a run may be more than its timesteps need.
 */
export class DPMSolverMultistepInverseScheduler extends DPMSolverMultistepBase<DPMSolverMultistepInverseConfig> {
  static override readonly className: string = 'DPMSolverMultistepInverseScheduler'

  protected override readonly trainingSchedule: Schedule = {
    timesteps: Array.from(this.noise.sigmas, (_, t) => t),
    sigmas: [...this.noise.sigmas, this.noise.sigmas.at(-1) as number],
  }

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override visit(request: TimestepsRequest): VisitedLevels {
    const { timesteps, ...visited } = super.visit(request)
    return { ...visited, timesteps: [...new Set(timesteps)] }
  }

  protected override endSigma({ sigmas, spaced }: VisitedLevels): number {
    return (spaced ? sigmas.at(-1) : this.noise.sigmas[this.reachable - 1]) as number // There are some.
  }

  protected override get sigmaRange(): SigmaRange {
    const { sigmaMax, sigmaMin } = super.sigmaRange
    return { sigmaMax: sigmaMin, sigmaMin: sigmaMax }
  }

  /** Those of a run to the clean sample, without the noisiest one, where this run ends. */
  protected override spaceTimesteps(numInferenceSteps: number): readonly number[] {
    const { reachable } = this
    if (this.config.timestepSpacing === 'trailing') {
      return spaceTimesteps({ ...this.config, numInferenceSteps, reachable }).reverse()
    }
    const timesteps = spaceTimesteps({ ...this.config, numInferenceSteps: numInferenceSteps + 1, reachable })
    return timesteps.slice(1).reverse().map(roundHalfEven)
  }
}
