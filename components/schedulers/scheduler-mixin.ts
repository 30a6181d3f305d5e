/** The base class of schedulers, with all of them known to it: `SchedulerMixin.fromPretrained` chooses the class that a file names. */
import { SchedulerMixin } from './scheduler-base'
import { schedulerClasses } from './scheduler-classes'

SchedulerMixin.register(...schedulerClasses)

export type { Schedule } from './run-progress'
export * from './scheduler-base'
export type { StepOptions, StepResult } from './step-options'
