/** Settings that space the sigmas of a run: what they are called, and what they lead to. */
import { z } from 'zod'
import { SchedulerArgumentError } from '../scheduler-argument-error'
import type { SigmaSchedule } from './noise-schedule'
import { betaSigmas, exponentialSigmas, karrasSigmas, type SigmaRange } from './sigma-schedules'

/** The settings that choose the sigmas. At most one of them may be on. */
export const sigmaSpacingSettings = {
  useKarrasSigmas: z.boolean().default(false),
  useExponentialSigmas: z.boolean().default(false),
  useBetaSigmas: z.boolean().default(false),
}

/** The same, with the choice of the last sigma. */
export const sigmaSettings = {
  ...sigmaSpacingSettings,
  /** Where the run ends: in no noise at all, or at the smallest noise of the training. */
  finalSigmasType: z.enum(['zero', 'sigma_min']).default('zero'),
}

/** The names of the settings that choose the sigmas. */
export const sigmaSettingNames = ['useKarrasSigmas', 'useExponentialSigmas', 'useBetaSigmas'] as const

/** The values of the settings that choose the sigmas. Schedulers without such settings have none on. */
export type SigmaSettings = Readonly<Partial<Record<(typeof sigmaSettingNames)[number], boolean>>>

/** The sigmas of a run of `count` steps, falling; `undefined` if none of the settings is on. */
export function spacedSigmas(settings: SigmaSettings, range: SigmaRange, count: number): number[] | undefined {
  if (settings.useKarrasSigmas) return karrasSigmas(range, count)
  if (settings.useExponentialSigmas) return exponentialSigmas(range, count)
  if (settings.useBetaSigmas) return betaSigmas(range, count)
  return undefined
}

/** The sigma that a run ends with. */
export function finalSigma(finalSigmasType: 'zero' | 'sigma_min', { sigmas }: SigmaSchedule): number {
  return finalSigmasType === 'zero' ? 0 : (sigmas[0] as number)
}

/**
 * Refuses timesteps of the caller's own where a setting decides which ones are visited.
 *
 * @throws SchedulerArgumentError
 */
export function refuseTimestepsWith(scheduler: string, settings: SigmaSettings): void {
  const name = sigmaSettingNames.find(key => settings[key])
  if (name !== undefined) throw new SchedulerArgumentError(scheduler, 'timesteps', `cannot be given if ${name} is on`)
}
