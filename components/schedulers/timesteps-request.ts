/** What a run asks of setTimesteps, checked before anything is computed. */
import { SchedulerArgumentError } from './scheduler-argument-error'

/** What setTimesteps takes besides a number of steps. */
export interface SetTimestepsOptions {
  /** The training timesteps to visit, falling; in place of a number of steps. */
  timesteps?: readonly number[] | undefined
  /** The noise levels to visit, falling, the last one being where the run ends; in place of a number of steps. */
  sigmas?: readonly number[] | undefined
  /** Exponent of the shift of a flow's schedule, where the config has `useDynamicShifting`. */
  mu?: number | undefined
}

/** A name of an option. */
export type SetTimestepsOption = keyof SetTimestepsOptions

/** What a run asks for. */
export interface TimestepsRequest extends SetTimestepsOptions {
  readonly numInferenceSteps: number
}

/** What a scheduler can do. */
export interface TimestepsLimits {
  /** Name of the scheduler's class. */
  scheduler: string
  numTrainTimesteps: number
  /** The options that the scheduler takes. */
  options: readonly SetTimestepsOption[]
}

/**
 * Checks the arguments of setTimesteps.
 *
 * @throws SchedulerArgumentError
 */
export function checkTimestepsRequest(
  numInferenceSteps: number | undefined,
  { timesteps, sigmas, mu }: SetTimestepsOptions,
  limits: TimestepsLimits,
): TimestepsRequest {
  const { scheduler, numTrainTimesteps } = limits
  const refuse = (argument: string, problem: string) => new SchedulerArgumentError(scheduler, argument, problem)
  for (const [option, value] of Object.entries({ timesteps, sigmas, mu })) {
    if (value !== undefined && !limits.options.some(known => known === option)) {
      throw refuse(option, 'cannot be given to this scheduler: leave it out, or use another scheduler')
    }
  }
  if (timesteps !== undefined && sigmas !== undefined) throw refuse('sigmas', 'cannot be given together with timesteps')
  const custom = timesteps ?? sigmas
  if (custom === undefined) {
    if (numInferenceSteps === undefined) throw refuse('numInferenceSteps', 'is missing')
    if (!Number.isInteger(numInferenceSteps) || numInferenceSteps < 1 || numInferenceSteps > numTrainTimesteps) {
      const allowed = `a whole number from 1 to ${numTrainTimesteps}, the timesteps of the training`
      throw refuse('numInferenceSteps', `must be ${allowed}, but is ${numInferenceSteps}`)
    }
    return { numInferenceSteps, mu }
  }
  const name = timesteps === undefined ? 'sigmas' : 'timesteps'
  if (numInferenceSteps !== undefined) {
    throw refuse(name, `cannot be given together with numInferenceSteps (${numInferenceSteps})`)
  }
  checkFalling(name, custom, timesteps === undefined ? Infinity : numTrainTimesteps - 1, refuse)
  if (timesteps !== undefined) return { numInferenceSteps: timesteps.length, timesteps, mu }
  if (custom.length < 2) throw refuse(name, 'must have at least 2 elements, as the last one is where the run ends')
  return { numInferenceSteps: custom.length - 1, sigmas, mu }
}

function checkFalling(
  name: string,
  values: readonly number[],
  largest: number,
  refuse: (argument: string, problem: string) => SchedulerArgumentError,
): void {
  if (values.length === 0) throw refuse(name, 'must not be empty')
  for (const [i, value] of values.entries()) {
    const before = values[i - 1] ?? Infinity
    if (!Number.isFinite(value) || value < 0 || value > largest) {
      const range = largest === Infinity ? 'finite numbers from 0 on' : `numbers from 0 to ${largest}`
      throw refuse(name, `must be ${range}, but element ${i} is ${value}`)
    }
    if (value >= before) throw refuse(name, `must fall, but element ${i} is ${value} after ${before}`)
  }
}
