/** Refuses schedules that no step can be computed with. */
import type { Schedule } from './run-progress'
import { SchedulerArgumentError } from './scheduler-argument-error'

/**
 * Checks that timesteps and noise levels are finite: betas of 1 leave no signal, so that the ratio of noise to signal is infinite.
 *
 * @throws SchedulerArgumentError
 */
export function requireFiniteSchedule(scheduler: string, schedule: Schedule): void {
  for (const name of ['sigmas', 'timesteps'] as const) {
    const values = schedule[name] ?? []
    const place = values.findIndex(value => !Number.isFinite(value))
    if (place < 0) continue
    const advice = "Check the settings of the betas and sigmas in the scheduler's config"
    throw new SchedulerArgumentError(
      scheduler,
      name,
      `must be finite numbers, but number ${place} is ${values[place]}. ${advice}`,
    )
  }
}
