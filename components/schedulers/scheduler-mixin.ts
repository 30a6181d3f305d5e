/** The base class of schedulers, with all of them known to it: `SchedulerMixin.fromPretrained` chooses the class that a file names. */
import { DDIMInverseScheduler } from './ddim-inverse-scheduler'
import { DDIMScheduler } from './ddim-scheduler'
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep-scheduler'
import { EulerDiscreteScheduler } from './euler-discrete-scheduler'
import { SchedulerMixin } from './scheduler-base'

SchedulerMixin.register(DDIMScheduler, DDIMInverseScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler)

export type { Schedule } from './run-progress'
export * from './scheduler-base'
export type { StepOptions, StepResult } from './step-options'
