/** All schedulers. A new one is a file of its own and a line here; a short name for it is in `scheduler-names.ts`. */
import { DDIMInverseScheduler } from './ddim-inverse-scheduler'
import { DDIMScheduler } from './ddim-scheduler'
import { DDPMScheduler } from './ddpm-scheduler'
import { DEISMultistepScheduler } from './deis-multistep-scheduler'
import { DPMSolverMultistepInverseScheduler } from './dpm-solver-multistep-inverse-scheduler'
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep-scheduler'
import { DPMSolverSDEScheduler } from './dpm-solver-sde-scheduler'
import { DPMSolverSinglestepScheduler } from './dpm-solver-singlestep-scheduler'
import { EDMDPMSolverMultistepScheduler } from './edm-dpm-solver-multistep-scheduler'
import { EDMEulerScheduler } from './edm-euler-scheduler'
import { EulerAncestralDiscreteScheduler } from './euler-ancestral-discrete-scheduler'
import { EulerDiscreteScheduler } from './euler-discrete-scheduler'
import { FlowMatchEulerDiscreteScheduler } from './flow-match-euler-discrete-scheduler'
import { FlowMatchHeunDiscreteScheduler } from './flow-match-heun-discrete-scheduler'
import { FlowMatchLCMScheduler } from './flow-match-lcm-scheduler'
import { HeunDiscreteScheduler } from './heun-discrete-scheduler'
import { IPNDMScheduler } from './ipndm-scheduler'
import { KDPM2AncestralDiscreteScheduler } from './kdpm2-ancestral-discrete-scheduler'
import { KDPM2DiscreteScheduler } from './kdpm2-discrete-scheduler'
import { LCMScheduler } from './lcm-scheduler'
import { LMSDiscreteScheduler } from './lms-discrete-scheduler'
import { PNDMScheduler } from './pndm-scheduler'
import { SASolverScheduler } from './sa-solver-scheduler'
import type { SchedulerClass } from './scheduler-base'
import { SCMScheduler } from './scm-scheduler'
import { TCDScheduler } from './tcd-scheduler'
import { UniPCMultistepScheduler } from './unipc-multistep-scheduler'

/** Their classes. */
export const schedulerClasses: readonly SchedulerClass[] = [
  DDIMScheduler,
  DDIMInverseScheduler,
  DDPMScheduler,
  PNDMScheduler,
  IPNDMScheduler,
  EulerDiscreteScheduler,
  EulerAncestralDiscreteScheduler,
  HeunDiscreteScheduler,
  KDPM2DiscreteScheduler,
  KDPM2AncestralDiscreteScheduler,
  LMSDiscreteScheduler,
  DPMSolverMultistepScheduler,
  DPMSolverMultistepInverseScheduler,
  DPMSolverSinglestepScheduler,
  DPMSolverSDEScheduler,
  DEISMultistepScheduler,
  UniPCMultistepScheduler,
  SASolverScheduler,
  EDMEulerScheduler,
  EDMDPMSolverMultistepScheduler,
  LCMScheduler,
  TCDScheduler,
  SCMScheduler,
  FlowMatchEulerDiscreteScheduler,
  FlowMatchHeunDiscreteScheduler,
  FlowMatchLCMScheduler,
]
