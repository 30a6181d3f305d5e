/** Runs that take a part of a schedule. Counterpart: get_timesteps of diffusers' image to image pipelines. */
import { roundHalfEven, type SchedulerMixin } from '../../components'

/** Returns the place of the first timestep of a run that keeps the last steps: as many of them as `strength` says, a share from 0 to 1. */
export function beginByStrength(scheduler: SchedulerMixin, strength: number): number {
  const steps = scheduler.numInferenceSteps ?? scheduler.timesteps.length
  return (steps - stepsOfStrength(steps, strength)) * scheduler.order
}

/** Returns how many of so many steps are taken. */
export function stepsOfStrength(steps: number, strength: number): number {
  return Math.min(Math.trunc(steps * strength), steps)
}

/** Returns the place of the first timestep of a run that begins where a share of the noise is already gone, from 0 up to but not 1. */
export function beginByShare(scheduler: SchedulerMixin, denoisingStart: number): number {
  const { timesteps, order } = scheduler
  const cutoff = timestepAt(scheduler, denoisingStart)
  const below = timesteps.filter(timestep => timestep < cutoff).length
  // A step of order 2 has two timesteps, the first one of the schedule has one: an even number would cut a step in half.
  return timesteps.length - (order === 2 && below % 2 === 0 ? below + 1 : below)
}

/** Returns the timesteps of a run that ends where a share of the noise is gone, above 0 and at most 1. */
export function endByShare(
  scheduler: SchedulerMixin,
  timesteps: readonly number[],
  denoisingEnd: number,
): readonly number[] {
  if (denoisingEnd === 1) return timesteps
  const cutoff = timestepAt(scheduler, denoisingEnd)
  return timesteps.slice(0, timesteps.filter(timestep => timestep >= cutoff).length)
}

/** The training timestep at a share of the way from noise to a picture. */
function timestepAt({ config: { numTrainTimesteps } }: SchedulerMixin, share: number): number {
  return roundHalfEven(numTrainTimesteps - share * numTrainTimesteps)
}
