/** Schedulers by the short names that people know them by, e.g. on a command line. */
import { classNameOf } from '../../src/format/class-name'
import { findName } from '../configs/find-name'
import type { RawConfig } from '../configs/parse-config'
import { LCMScheduler } from './consistency/lcm-scheduler'
import { TCDScheduler } from './consistency/tcd-scheduler'
import { DEISMultistepScheduler } from './exponential-solvers/deis-multistep-scheduler'
import { DPMSolverMultistepScheduler } from './exponential-solvers/dpm-solver-multistep-scheduler'
import { DPMSolverSinglestepScheduler } from './exponential-solvers/dpm-solver-singlestep-scheduler'
import { SASolverScheduler } from './exponential-solvers/sa-solver-scheduler'
import { UniPCMultistepScheduler } from './exponential-solvers/unipc-multistep-scheduler'
import { FlowMatchEulerDiscreteScheduler } from './flow-matching/flow-match-euler-discrete-scheduler'
import { FlowMatchHeunDiscreteScheduler } from './flow-matching/flow-match-heun-discrete-scheduler'
import { FlowMatchLCMScheduler } from './flow-matching/flow-match-lcm-scheduler'
import type { SchedulerClass, SchedulerMixin } from './scheduler-base'
import { schedulerClasses } from './scheduler-classes'
import { givenSettings } from './scheduler-config'
import { DPMSolverSDEScheduler } from './sigma-space/dpm-solver-sde-scheduler'
import { EulerAncestralDiscreteScheduler } from './sigma-space/euler-ancestral-discrete-scheduler'
import { EulerDiscreteScheduler } from './sigma-space/euler-discrete-scheduler'
import { HeunDiscreteScheduler } from './sigma-space/heun-discrete-scheduler'
import { KDPM2AncestralDiscreteScheduler } from './sigma-space/kdpm2-ancestral-discrete-scheduler'
import { KDPM2DiscreteScheduler } from './sigma-space/kdpm2-discrete-scheduler'
import { LMSDiscreteScheduler } from './sigma-space/lms-discrete-scheduler'
import { UnknownSchedulerError } from './unknown-scheduler-error'
import { DDIMScheduler } from './variance-preserving/ddim-scheduler'
import { DDPMScheduler } from './variance-preserving/ddpm-scheduler'
import { IPNDMScheduler } from './variance-preserving/ipndm-scheduler'
import { PNDMScheduler } from './variance-preserving/pndm-scheduler'

/** A scheduler's class, and the settings that a name stands for. */
export interface NamedScheduler {
  /** Class of the scheduler. */
  readonly schedulerClass: SchedulerClass
  /** Settings that the name stands for. */
  readonly settings: RawConfig
  /**
   * A scheduler with the settings of another one's config, or of a model's file, changed to those of the name.
   *
   * @throws ConfigError
   */
  make(config: RawConfig): SchedulerMixin
}

/** Ways to space the noise levels, by what they add to a name. */
const spacings = {
  '': { useKarrasSigmas: false, useExponentialSigmas: false, useBetaSigmas: false },
  _karras: { useKarrasSigmas: true, useExponentialSigmas: false, useBetaSigmas: false },
  _exponential: { useKarrasSigmas: false, useExponentialSigmas: true, useBetaSigmas: false },
  _beta: { useKarrasSigmas: false, useExponentialSigmas: false, useBetaSigmas: true },
}

const even = spacings['']
const multistep = { algorithmType: 'dpmsolver++', solverOrder: 2, useLuLambdas: false }
const stochastic = { ...multistep, algorithmType: 'sde-dpmsolver++' }

/** Short names, and class names, which leave the settings as they are. */
export const schedulerNames: Readonly<Record<string, NamedScheduler>> = {
  ddim: namedScheduler(DDIMScheduler),
  ddpm: namedScheduler(DDPMScheduler),
  pndm: namedScheduler(PNDMScheduler),
  plms: namedScheduler(PNDMScheduler, { skipPrkSteps: true }),
  ipndm: namedScheduler(IPNDMScheduler),
  ...spaced('euler', EulerDiscreteScheduler),
  euler_a: namedScheduler(EulerAncestralDiscreteScheduler),
  ...spaced('heun', HeunDiscreteScheduler),
  ...spaced('dpm2', KDPM2DiscreteScheduler),
  ...spaced('dpm2_a', KDPM2AncestralDiscreteScheduler),
  ...spaced('lms', LMSDiscreteScheduler),
  ...spaced('dpm++_2s', DPMSolverSinglestepScheduler, { algorithmType: 'dpmsolver++', solverOrder: 2 }),
  ...spaced('dpm++_2m', DPMSolverMultistepScheduler, multistep),
  'dpm++_2m_lu': namedScheduler(DPMSolverMultistepScheduler, { ...multistep, ...even, useLuLambdas: true }),
  ...spaced('dpm++_2m_sde', DPMSolverMultistepScheduler, stochastic),
  ...spaced('dpm++_3m', DPMSolverMultistepScheduler, { ...multistep, solverOrder: 3 }),
  ...spaced('dpm++_3m_sde', DPMSolverMultistepScheduler, { ...stochastic, solverOrder: 3 }),
  ...spaced('dpm++_sde', DPMSolverSDEScheduler),
  ...spaced('deis', DEISMultistepScheduler, { algorithmType: 'deis', solverType: 'logrho' }),
  ...spaced('unipc', UniPCMultistepScheduler, { solverType: 'bh2' }),
  uni_pc: namedScheduler(UniPCMultistepScheduler, { solverType: 'bh1', ...even }),
  uni_pc_bh2: namedScheduler(UniPCMultistepScheduler, { solverType: 'bh2', ...even }),
  ...spaced('sa_solver', SASolverScheduler, { algorithmType: 'data_prediction' }),
  lcm: namedScheduler(LCMScheduler),
  tcd: namedScheduler(TCDScheduler),
  flow_euler: namedScheduler(FlowMatchEulerDiscreteScheduler),
  flow_heun: namedScheduler(FlowMatchHeunDiscreteScheduler),
  flow_lcm: namedScheduler(FlowMatchLCMScheduler),
  ...Object.fromEntries(
    schedulerClasses.map(schedulerClass => [classNameOf(schedulerClass), namedScheduler(schedulerClass)]),
  ),
}

/**
 * Returns the scheduler of a name. Capitals do not count, and a space or hyphen stands for an underscore: `DPM++ 2M Karras`.
 *
 * @throws UnknownSchedulerError
 */
export function resolveScheduler(name: string): NamedScheduler {
  const names = Object.keys(schedulerNames)
  const found = findName(names, name)
  if (found === undefined) throw new UnknownSchedulerError(String(name), names)
  return schedulerNames[found] as NamedScheduler
}

function namedScheduler(schedulerClass: SchedulerClass, settings: RawConfig = {}): NamedScheduler {
  return { schedulerClass, settings, make: config => new schedulerClass({ ...givenSettings(config), ...settings }) }
}

/** The names of a scheduler that can space its noise levels in several ways. */
function spaced(
  name: string,
  schedulerClass: SchedulerClass,
  settings: RawConfig = {},
): Record<string, NamedScheduler> {
  const entries = Object.entries(spacings)
  return Object.fromEntries(
    entries.map(([suffix, spacing]) => [name + suffix, namedScheduler(schedulerClass, { ...settings, ...spacing })]),
  )
}
