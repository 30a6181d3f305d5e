/** All schedulers. A new one is a file of its own and a line here; a short name for it is in `scheduler-names.ts`. */
import { LCMScheduler } from './consistency/lcm-scheduler'
import { SCMScheduler } from './consistency/scm-scheduler'
import { TCDScheduler } from './consistency/tcd-scheduler'
import { DEISMultistepScheduler } from './exponential-solvers/deis-multistep-scheduler'
import { DPMSolverMultistepInverseScheduler } from './exponential-solvers/dpm-solver-multistep-inverse-scheduler'
import { DPMSolverMultistepScheduler } from './exponential-solvers/dpm-solver-multistep-scheduler'
import { DPMSolverSinglestepScheduler } from './exponential-solvers/dpm-solver-singlestep-scheduler'
import { SASolverScheduler } from './exponential-solvers/sa-solver-scheduler'
import { UniPCMultistepScheduler } from './exponential-solvers/unipc-multistep-scheduler'
import { FlowMatchEulerDiscreteScheduler } from './flow-matching/flow-match-euler-discrete-scheduler'
import { FlowMatchHeunDiscreteScheduler } from './flow-matching/flow-match-heun-discrete-scheduler'
import { FlowMatchLCMScheduler } from './flow-matching/flow-match-lcm-scheduler'
import type { SchedulerClass } from './scheduler-base'
import { DPMSolverSDEScheduler } from './sigma-space/dpm-solver-sde-scheduler'
import { EDMDPMSolverMultistepScheduler } from './sigma-space/edm-dpm-solver-multistep-scheduler'
import { EDMEulerScheduler } from './sigma-space/edm-euler-scheduler'
import { EulerAncestralDiscreteScheduler } from './sigma-space/euler-ancestral-discrete-scheduler'
import { EulerDiscreteScheduler } from './sigma-space/euler-discrete-scheduler'
import { HeunDiscreteScheduler } from './sigma-space/heun-discrete-scheduler'
import { KDPM2AncestralDiscreteScheduler } from './sigma-space/kdpm2-ancestral-discrete-scheduler'
import { KDPM2DiscreteScheduler } from './sigma-space/kdpm2-discrete-scheduler'
import { LMSDiscreteScheduler } from './sigma-space/lms-discrete-scheduler'
import { DDIMInverseScheduler } from './variance-preserving/ddim-inverse-scheduler'
import { DDIMScheduler } from './variance-preserving/ddim-scheduler'
import { DDPMScheduler } from './variance-preserving/ddpm-scheduler'
import { IPNDMScheduler } from './variance-preserving/ipndm-scheduler'
import { PNDMScheduler } from './variance-preserving/pndm-scheduler'

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
