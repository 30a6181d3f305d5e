/** The base class of schedulers, with all of them known to it: `SchedulerMixin.fromPretrained` chooses the class that a file names. */
import { DDIMInverseScheduler } from './ddim-inverse-scheduler'
import { DDIMScheduler } from './ddim-scheduler'
import { DEISMultistepScheduler } from './deis-multistep-scheduler'
import { DPMSolverMultistepInverseScheduler } from './dpm-solver-multistep-inverse-scheduler'
import { DDPMScheduler } from './ddpm-scheduler'
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep-scheduler'
import { EDMDPMSolverMultistepScheduler } from './edm-dpm-solver-multistep-scheduler'
import { EDMEulerScheduler } from './edm-euler-scheduler'
import { DPMSolverSDEScheduler } from './dpm-solver-sde-scheduler'
import { EulerAncestralDiscreteScheduler } from './euler-ancestral-discrete-scheduler'
import { EulerDiscreteScheduler } from './euler-discrete-scheduler'
import { HeunDiscreteScheduler } from './heun-discrete-scheduler'
import { KDPM2AncestralDiscreteScheduler } from './kdpm2-ancestral-discrete-scheduler'
import { KDPM2DiscreteScheduler } from './kdpm2-discrete-scheduler'
import { LMSDiscreteScheduler } from './lms-discrete-scheduler'
import { DPMSolverSinglestepScheduler } from './dpm-solver-singlestep-scheduler'
import { SASolverScheduler } from './sa-solver-scheduler'
import { FlowMatchEulerDiscreteScheduler } from './flow-match-euler-discrete-scheduler'
import { FlowMatchHeunDiscreteScheduler } from './flow-match-heun-discrete-scheduler'
import { FlowMatchLCMScheduler } from './flow-match-lcm-scheduler'
import { IPNDMScheduler } from './ipndm-scheduler'
import { LCMScheduler } from './lcm-scheduler'
import { PNDMScheduler } from './pndm-scheduler'
import { SchedulerMixin } from './scheduler-base'
import { UniPCMultistepScheduler } from './unipc-multistep-scheduler'
import { SCMScheduler } from './scm-scheduler'
import { TCDScheduler } from './tcd-scheduler'

SchedulerMixin.register(DDIMScheduler, DDIMInverseScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler)
SchedulerMixin.register(
  EulerAncestralDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2DiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  LMSDiscreteScheduler,
  EDMEulerScheduler,
  EDMDPMSolverMultistepScheduler,
)
SchedulerMixin.register(DPMSolverSinglestepScheduler, DPMSolverMultistepInverseScheduler, DEISMultistepScheduler)
SchedulerMixin.register(UniPCMultistepScheduler, SASolverScheduler)
SchedulerMixin.register(DPMSolverSDEScheduler)
SchedulerMixin.register(DDPMScheduler, PNDMScheduler, IPNDMScheduler)
SchedulerMixin.register(LCMScheduler, TCDScheduler, SCMScheduler)
SchedulerMixin.register(FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler, FlowMatchLCMScheduler)

export type { Schedule } from './run-progress'
export * from './scheduler-base'
export type { StepOptions, StepResult } from './step-options'
