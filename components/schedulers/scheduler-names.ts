/** Schedulers by the short names that people know them by, e.g. on a command line. */
import type { RawConfig } from '../configs/parse-config'
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
import type { SchedulerClass, SchedulerMixin } from './scheduler-base'
import { givenSettings } from './scheduler-config'
import { UniPCMultistepScheduler } from './unipc-multistep-scheduler'
import { SCMScheduler } from './scm-scheduler'
import { TCDScheduler } from './tcd-scheduler'
import { UnknownSchedulerError } from './unknown-scheduler-error'

/** A scheduler's class, and the settings that a name stands for. */
export interface NamedScheduler {
  readonly schedulerClass: SchedulerClass
  readonly settings: RawConfig
  /**
   * A scheduler with the settings of another one's config, or of a model's file, changed to those of the name.
   *
   * @throws ConfigError
   */
  make(config: RawConfig): SchedulerMixin
}

const evenSteps = { useKarrasSigmas: false, useExponentialSigmas: false, useBetaSigmas: false }
const karras = { ...evenSteps, useKarrasSigmas: true }
const exponential = { ...evenSteps, useExponentialSigmas: true }
const beta = { ...evenSteps, useBetaSigmas: true }
const multistep = { algorithmType: 'dpmsolver++', solverOrder: 2, useLuLambdas: false }
const stochastic = { ...multistep, algorithmType: 'sde-dpmsolver++' }
const thirdOrder = { ...multistep, solverOrder: 3 }
const singlestep = { algorithmType: 'dpmsolver++', solverOrder: 2 }
const deis = { algorithmType: 'deis', solverType: 'logrho' }
const saSolver = { algorithmType: 'data_prediction' }

/** Short names, and class names, which leave the settings as they are. */
export const schedulerNames: Readonly<Record<string, NamedScheduler>> = {
  ddim: named(DDIMScheduler),
  euler: named(EulerDiscreteScheduler, evenSteps),
  euler_karras: named(EulerDiscreteScheduler, karras),
  euler_exponential: named(EulerDiscreteScheduler, exponential),
  euler_beta: named(EulerDiscreteScheduler, beta),
  euler_a: named(EulerAncestralDiscreteScheduler),
  heun: named(HeunDiscreteScheduler, evenSteps),
  heun_karras: named(HeunDiscreteScheduler, karras),
  heun_exponential: named(HeunDiscreteScheduler, exponential),
  heun_beta: named(HeunDiscreteScheduler, beta),
  dpm2: named(KDPM2DiscreteScheduler, evenSteps),
  dpm2_karras: named(KDPM2DiscreteScheduler, karras),
  dpm2_a: named(KDPM2AncestralDiscreteScheduler, evenSteps),
  dpm2_a_karras: named(KDPM2AncestralDiscreteScheduler, karras),
  lms: named(LMSDiscreteScheduler, evenSteps),
  lms_karras: named(LMSDiscreteScheduler, karras),
  'dpm++_2m': named(DPMSolverMultistepScheduler, { ...multistep, ...evenSteps }),
  'dpm++_2m_karras': named(DPMSolverMultistepScheduler, { ...multistep, ...karras }),
  'dpm++_2m_exponential': named(DPMSolverMultistepScheduler, { ...multistep, ...exponential }),
  'dpm++_2m_beta': named(DPMSolverMultistepScheduler, { ...multistep, ...beta }),
  'dpm++_2m_lu': named(DPMSolverMultistepScheduler, { ...multistep, ...evenSteps, useLuLambdas: true }),
  'dpm++_2m_sde': named(DPMSolverMultistepScheduler, { ...stochastic, ...evenSteps }),
  'dpm++_2m_sde_karras': named(DPMSolverMultistepScheduler, { ...stochastic, ...karras }),
  'dpm++_2m_sde_exponential': named(DPMSolverMultistepScheduler, { ...stochastic, ...exponential }),
  'dpm++_2m_sde_beta': named(DPMSolverMultistepScheduler, { ...stochastic, ...beta }),
  'dpm++_3m': named(DPMSolverMultistepScheduler, { ...thirdOrder, ...evenSteps }),
  'dpm++_3m_karras': named(DPMSolverMultistepScheduler, { ...thirdOrder, ...karras }),
  'dpm++_3m_sde': named(DPMSolverMultistepScheduler, { ...stochastic, solverOrder: 3, ...evenSteps }),
  'dpm++_3m_sde_karras': named(DPMSolverMultistepScheduler, { ...stochastic, solverOrder: 3, ...karras }),
  'dpm++_3m_sde_exponential': named(DPMSolverMultistepScheduler, { ...stochastic, solverOrder: 3, ...exponential }),
  'dpm++_2s': named(DPMSolverSinglestepScheduler, { ...singlestep, ...evenSteps }),
  'dpm++_2s_karras': named(DPMSolverSinglestepScheduler, { ...singlestep, ...karras }),
  deis: named(DEISMultistepScheduler, { ...deis, ...evenSteps }),
  deis_karras: named(DEISMultistepScheduler, { ...deis, ...karras }),
  unipc: named(UniPCMultistepScheduler, { solverType: 'bh2', ...evenSteps }),
  unipc_karras: named(UniPCMultistepScheduler, { solverType: 'bh2', ...karras }),
  uni_pc: named(UniPCMultistepScheduler, { solverType: 'bh1', ...evenSteps }),
  uni_pc_bh2: named(UniPCMultistepScheduler, { solverType: 'bh2', ...evenSteps }),
  sa_solver: named(SASolverScheduler, { ...saSolver, ...evenSteps }),
  sa_solver_karras: named(SASolverScheduler, { ...saSolver, ...karras }),
  'dpm++_sde': named(DPMSolverSDEScheduler, evenSteps),
  'dpm++_sde_karras': named(DPMSolverSDEScheduler, karras),
  'dpm++_sde_exponential': named(DPMSolverSDEScheduler, exponential),
  'dpm++_sde_beta': named(DPMSolverSDEScheduler, beta),
  DDIMScheduler: named(DDIMScheduler),
  DDIMInverseScheduler: named(DDIMInverseScheduler),
  DEISMultistepScheduler: named(DEISMultistepScheduler),
  DPMSolverMultistepInverseScheduler: named(DPMSolverMultistepInverseScheduler),
  ddpm: named(DDPMScheduler),
  pndm: named(PNDMScheduler),
  plms: named(PNDMScheduler, { skipPrkSteps: true }),
  ipndm: named(IPNDMScheduler),
  lcm: named(LCMScheduler),
  tcd: named(TCDScheduler),
  flow_euler: named(FlowMatchEulerDiscreteScheduler),
  flow_heun: named(FlowMatchHeunDiscreteScheduler),
  flow_lcm: named(FlowMatchLCMScheduler),
  DDIMScheduler: named(DDIMScheduler),
  DDIMInverseScheduler: named(DDIMInverseScheduler),
  DDPMScheduler: named(DDPMScheduler),
  PNDMScheduler: named(PNDMScheduler),
  IPNDMScheduler: named(IPNDMScheduler),
  LCMScheduler: named(LCMScheduler),
  TCDScheduler: named(TCDScheduler),
  SCMScheduler: named(SCMScheduler),
  FlowMatchEulerDiscreteScheduler: named(FlowMatchEulerDiscreteScheduler),
  FlowMatchHeunDiscreteScheduler: named(FlowMatchHeunDiscreteScheduler),
  FlowMatchLCMScheduler: named(FlowMatchLCMScheduler),
  DPMSolverMultistepScheduler: named(DPMSolverMultistepScheduler),
  DPMSolverSinglestepScheduler: named(DPMSolverSinglestepScheduler),
  DPMSolverSDEScheduler: named(DPMSolverSDEScheduler),
  EulerDiscreteScheduler: named(EulerDiscreteScheduler),
  EulerAncestralDiscreteScheduler: named(EulerAncestralDiscreteScheduler),
  HeunDiscreteScheduler: named(HeunDiscreteScheduler),
  KDPM2DiscreteScheduler: named(KDPM2DiscreteScheduler),
  KDPM2AncestralDiscreteScheduler: named(KDPM2AncestralDiscreteScheduler),
  LMSDiscreteScheduler: named(LMSDiscreteScheduler),
  EDMEulerScheduler: named(EDMEulerScheduler),
  EDMDPMSolverMultistepScheduler: named(EDMDPMSolverMultistepScheduler),
  SASolverScheduler: named(SASolverScheduler),
  UniPCMultistepScheduler: named(UniPCMultistepScheduler),
}

/**
 * The scheduler of a name. Capitals do not count, and a space or hyphen stands for an underscore: `DPM++ 2M Karras`.
 *
 * @throws UnknownSchedulerError
 */
export function resolveScheduler(name: string): NamedScheduler {
  const names = Object.keys(schedulerNames)
  const found = names.find(known => spelling(known) === spelling(name))
  if (found === undefined) throw new UnknownSchedulerError(name, names)
  return schedulerNames[found] as NamedScheduler
}

function spelling(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
}

function named(schedulerClass: SchedulerClass, settings: RawConfig = {}): NamedScheduler {
  return { schedulerClass, settings, make: config => new schedulerClass({ ...givenSettings(config), ...settings }) }
}
