/** Makes the components that a job chooses. */
import { BaseGuidance, makeGuider, resolveScheduler, SchedulerMixin } from '../../components'
import { type RawConfig } from '../../components/configs/parse-config'
import { givenSettings } from '../../components/schedulers/scheduler-config'
import type { ChosenComponents, ComponentChoice } from '../jobs/job'

/**
 * The components of a choice, by name.
 *
 * @param current the pipeline's own: a scheduler keeps what the model's has set
 * @throws UnknownSchedulerError, UnknownGuiderError, ConfigError
 */
export function makeChosen(
  { scheduler, guider }: ChosenComponents,
  current: Readonly<Record<string, unknown>>,
): Record<string, SchedulerMixin | BaseGuidance> {
  return {
    ...(scheduler && { scheduler: makeScheduler(scheduler, current['scheduler']) }),
    ...(guider && { guider: makeGuider(guider.name, guider.settings) }),
  }
}

function makeScheduler({ name, settings }: ComponentChoice, current: unknown): SchedulerMixin {
  const named = resolveScheduler(name)
  const made = named.make(current instanceof SchedulerMixin ? (current.config as RawConfig) : {})
  return settings ? new named.schedulerClass({ ...givenSettings(made.config), ...settings }) : made
}
