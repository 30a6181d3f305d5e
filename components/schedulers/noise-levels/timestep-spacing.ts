/**
 * Which of the training timesteps a run visits. Source: table 2 of https://arxiv.org/abs/2305.08891; counterpart: the
 * timestep_spacing option of schedulers/scheduling_ddim.py and others.
 */
import { linspace, roundHalfEven } from './number-sequences'

/** The names of the spacings in configs. */
export const timestepSpacings = ['linspace', 'leading', 'trailing'] as const

/** What the timesteps depend on. */
export interface SpacingOptions {
  timestepSpacing: (typeof timestepSpacings)[number]
  numInferenceSteps: number
  numTrainTimesteps: number
  /** Added to every timestep of the `leading` spacing. */
  stepsOffset: number
  /** How many of the training timesteps may be visited, counted from the clean end. Default: all. */
  reachable?: number
  /** Space `linspace` and `leading` for one step more and leave out the last one: for samplers that reach time 0 by themselves. */
  omitLast?: boolean
}

/** The timesteps of a run, falling. Those of `linspace` are fractions; the others are whole. */
export function spaceTimesteps(options: SpacingOptions): number[] {
  const { timestepSpacing, numInferenceSteps, numTrainTimesteps, stepsOffset, omitLast = false } = options
  const { reachable = numTrainTimesteps } = options
  const count = numInferenceSteps + (omitLast ? 1 : 0)
  switch (timestepSpacing) {
    case 'linspace':
      return linspace(0, reachable - 1, count)
        .reverse()
        .slice(0, numInferenceSteps)
    case 'leading': {
      const stride = Math.floor(reachable / count)
      return Array.from({ length: numInferenceSteps }, (_, i) => (count - 1 - i) * stride + stepsOffset)
    }
    case 'trailing': {
      const ratio = numTrainTimesteps / numInferenceSteps
      // numpy.arange takes its stride from its first two elements; the last bit decides how halves are rounded.
      const stride = reachable - (reachable - ratio)
      const visited = Math.ceil((reachable * numInferenceSteps) / numTrainTimesteps)
      return Array.from({ length: visited }, (_, i) => roundHalfEven(reachable - i * stride) - 1)
    }
  }
}
