/** What a run asks of setTimesteps, checked before anything is computed. */
import { printableValue } from '../../src/errors/printable'
import { SchedulerArgumentError } from './scheduler-argument-error'

/** What setTimesteps takes besides a number of steps. */
export interface SetTimestepsOptions {
  /** The training timesteps to visit, falling; in place of a number of steps. */
  timesteps?: readonly number[] | undefined
  /** The noise levels to visit, falling, the last one being where the run ends; in place of a number of steps. */
  sigmas?: readonly number[] | undefined
  /** Exponent of the shift of a flow's schedule, where the config has `useDynamicShifting`. */
  mu?: number | undefined
  /** LCM, TCD: how many timesteps the model was distilled with, of which the run visits some. Default: that of the config. */
  originalInferenceSteps?: number | undefined
  /** LCM, TCD: the share of the schedule that is visited, counted from its clean end; above 0, at most 1. Default: 1. */
  strength?: number | undefined
  /** SCM: where the run begins, an angle; `null` where timesteps are given. Default: 1.5708. */
  maxTimesteps?: number | null | undefined
  /** SCM: where a run of two steps has its second, an angle; `null` for half way. Default: 1.3. */
  intermediateTimesteps?: number | null | undefined
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
 * Checks the arguments of setTimesteps, as most schedulers take them.
 *
 * @throws SchedulerArgumentError
 */
export function checkTimestepsRequest(
  numInferenceSteps: number | undefined,
  options: SetTimestepsOptions,
  limits: TimestepsLimits,
): TimestepsRequest {
  const { scheduler, numTrainTimesteps } = limits
  const refuse = (argument: string, problem: string) => new SchedulerArgumentError(scheduler, argument, problem)
  checkOptionNames(options, limits)
  const { timesteps, sigmas, ...others } = options
  if (timesteps !== undefined && sigmas !== undefined) throw refuse('sigmas', 'cannot be given together with timesteps')
  const custom = timesteps ?? sigmas
  if (custom === undefined) return { ...others, numInferenceSteps: checkStepCount(numInferenceSteps, limits) }
  const name = timesteps === undefined ? 'sigmas' : 'timesteps'
  if (numInferenceSteps !== undefined) {
    throw refuse(name, `cannot be given together with numInferenceSteps (${numInferenceSteps})`)
  }
  checkFalling(scheduler, name, custom, timesteps === undefined ? Infinity : numTrainTimesteps - 1)
  if (timesteps !== undefined) return { ...others, numInferenceSteps: timesteps.length, timesteps }
  if (custom.length < 2) throw refuse(name, 'must have at least 2 elements, as the last one is where the run ends')
  return { ...others, numInferenceSteps: custom.length - 1, sigmas }
}

/** Refuses options that the scheduler does not take. @throws SchedulerArgumentError */
export function checkOptionNames(options: SetTimestepsOptions, { scheduler, options: known }: TimestepsLimits): void {
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined && !known.some(name => name === option)) {
      const problem = 'cannot be given to this scheduler. Leave out the option, or use another scheduler'
      throw new SchedulerArgumentError(scheduler, option, problem)
    }
  }
}

/** The number of steps, which must be one that the training has timesteps for. @throws SchedulerArgumentError */
export function checkStepCount(
  numInferenceSteps: number | undefined,
  { scheduler, numTrainTimesteps }: TimestepsLimits,
): number {
  if (numInferenceSteps === undefined) throw new SchedulerArgumentError(scheduler, 'numInferenceSteps', 'is missing')
  if (Number.isInteger(numInferenceSteps) && numInferenceSteps >= 1 && numInferenceSteps <= numTrainTimesteps) {
    return numInferenceSteps
  }
  const allowed = `a whole number from 1 to ${numTrainTimesteps}, the timesteps of the training`
  throw new SchedulerArgumentError(
    scheduler,
    'numInferenceSteps',
    `must be ${allowed}, but is ${printableValue(numInferenceSteps)}`,
  )
}

/** Refuses a list that does not fall from `largest` at most to 0 at least. @throws SchedulerArgumentError */
export function checkFalling(scheduler: string, name: string, values: readonly number[], largest: number): void {
  const refuse = (problem: string) => new SchedulerArgumentError(scheduler, name, problem)
  if (values.length === 0) throw refuse('must not be empty')
  for (const [i, value] of values.entries()) {
    const before = values[i - 1] ?? Infinity
    if (!Number.isFinite(value) || value < 0 || value > largest) {
      const range = largest === Infinity ? 'finite numbers from 0 on' : `numbers from 0 to ${largest}`
      throw refuse(`must be ${range}, but element ${i} is ${value}`)
    }
    if (value >= before) throw refuse(`must decrease, but element ${i} is ${value} after ${before}`)
  }
}
