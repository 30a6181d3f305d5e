/** AUTOMATIC1111's names of samplers and of schedules, the ways to space the noise levels. */
import type { JsonObject } from '../../jobs/json'

/** How AUTOMATIC1111 lists a sampler. */
interface SamplerName {
  readonly label: string
  readonly aliases?: readonly string[]
  /** The schedule that `Automatic` stands for. Default: even spacing. */
  readonly schedule?: string
}

/** A schedule in answers. */
export interface A1111Schedule {
  readonly name: string
  readonly label: string
  readonly aliases: readonly string[] | null
  readonly default_rho: number
  readonly need_inner_model: boolean
  /** Settings of a scheduler. */
  readonly settings: JsonObject
}

/** Settings that space the noise levels: all are off for an even spacing. */
export const SPACINGS = { useKarrasSigmas: false, useExponentialSigmas: false, useBetaSigmas: false }

/** Samplers by their short names. Those that AUTOMATIC1111 does not have are missing. Source: its `sd_samplers_kdiffusion.py`. */
export const A1111_SAMPLERS: Readonly<Record<string, SamplerName>> = {
  ddim: { label: 'DDIM' },
  plms: { label: 'PLMS' },
  euler: { label: 'Euler', aliases: ['k_euler'] },
  euler_a: { label: 'Euler a', aliases: ['k_euler_a', 'k_euler_ancestral'] },
  heun: { label: 'Heun', aliases: ['k_heun'] },
  dpm2: { label: 'DPM2', aliases: ['k_dpm_2'], schedule: 'karras' },
  dpm2_a: { label: 'DPM2 a', aliases: ['k_dpm_2_a'], schedule: 'karras' },
  lms: { label: 'LMS', aliases: ['k_lms'] },
  'dpm++_2m': { label: 'DPM++ 2M', aliases: ['k_dpmpp_2m'], schedule: 'karras' },
  'dpm++_2m_sde': { label: 'DPM++ 2M SDE', aliases: ['k_dpmpp_2m_sde'], schedule: 'exponential' },
  'dpm++_3m_sde': { label: 'DPM++ 3M SDE', aliases: ['k_dpmpp_3m_sde'], schedule: 'exponential' },
  'dpm++_sde': { label: 'DPM++ SDE', aliases: ['k_dpmpp_sde'], schedule: 'karras' },
  unipc: { label: 'UniPC' },
  lcm: { label: 'LCM', aliases: ['k_lcm'] },
}

/** The sampler's own schedule. */
export const AUTOMATIC: A1111Schedule = schedule('automatic', 'Automatic', {})

/** The schedules that a scheduler can have. SGM Uniform is `trailing`, as in the documentation of diffusers. */
export const A1111_SCHEDULES: readonly A1111Schedule[] = [
  AUTOMATIC,
  { ...schedule('karras', 'Karras', { ...SPACINGS, useKarrasSigmas: true }), default_rho: 7 },
  schedule('exponential', 'Exponential', { ...SPACINGS, useExponentialSigmas: true }),
  {
    ...schedule('sgm_uniform', 'SGM Uniform', { ...SPACINGS, timestepSpacing: 'trailing' }),
    aliases: ['SGMUniform'],
    need_inner_model: true,
  },
  { ...schedule('uniform', 'Uniform', SPACINGS), need_inner_model: true },
  { ...schedule('beta', 'Beta', { ...SPACINGS, useBetaSigmas: true }), need_inner_model: true },
]

function schedule(name: string, label: string, settings: JsonObject): A1111Schedule {
  return { name, label, aliases: null, default_rho: -1, need_inner_model: false, settings }
}
