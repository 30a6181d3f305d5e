/** Settings of schedulers: the groups that many schedulers share, and how a config is read. */
import { z } from 'zod'
import { toCamelCase, toSnakeCase } from '../../src/format/wire-names'
import { type ConfigSource, parseConfig, type RawConfig } from '../configs/parse-config'
import { type BetaScheduleName, betaSchedules } from './noise-levels/beta-schedule'
import { timestepSpacings } from './noise-levels/timestep-spacing'

/** What every scheduler's config has. */
export type SchedulerConfig = { readonly numTrainTimesteps: number }

/** A config as it was parsed. */
export interface ParsedConfig<C> {
  /** Complete and frozen. */
  config: Readonly<C>
  /** Keys that were given, as they were spelled, and that the scheduler does not have. */
  ignoredKeys: readonly string[]
  /** Whether the config is that of a scheduler of another class. */
  isOfAnother: boolean
}

/** Where a problem with a config is put. */
interface Problems {
  addIssue(issue: { code: 'custom'; path: string[]; message: string }): void
}

const beta = z.number().gt(0).max(1)
const betaScheduleNames = Object.keys(betaSchedules) as [BetaScheduleName, ...BetaScheduleName[]] // keyof typeof, which keys() loses.

/** Some numbers are kept for each of them: as many as any model was trained with, and not so many that a number in a file fills the memory. */
const MOST_TRAIN_TIMESTEPS = 1_000_000

/** The setting of how many timesteps a model was trained with. */
export function trainTimesteps(least: number): z.ZodDefault<z.ZodInt> {
  return z.int().min(least).max(MOST_TRAIN_TIMESTEPS).default(1000)
}

/** The training timesteps and their noise, as it was trained. Check with {@link checkBetas}. */
export const trainedBetaSettings = {
  numTrainTimesteps: trainTimesteps(2),
  betaStart: beta.default(0.0001),
  betaEnd: beta.default(0.02),
  betaSchedule: z.enum(betaScheduleNames).default('linear'),
  /** Used in place of a beta schedule. */
  trainedBetas: z.array(beta).nullable().default(null),
}

/** The same, with the range of latent diffusion models. Check with {@link checkBetas}. */
export const latentBetaSettings = {
  ...trainedBetaSettings,
  betaStart: beta.default(0.00085),
  betaEnd: beta.default(0.012),
}

/** The same, for schedulers that can stretch the noise. Check with {@link checkBetas}. */
export const betaSettings = {
  ...trainedBetaSettings,
  rescaleBetasZeroSnr: z.boolean().default(false),
}

/** Which timesteps a run visits. The default spacing differs between schedulers. */
export function spacingSettings(defaultSpacing: (typeof timestepSpacings)[number]) {
  return {
    timestepSpacing: z.enum(timestepSpacings).default(defaultSpacing),
    stepsOffset: z.int().min(0).default(0),
  }
}

/** Dynamic thresholding of the predicted clean sample. */
export const thresholdingSettings = {
  thresholding: z.boolean().default(false),
  /** The share of values that the threshold lets through. */
  dynamicThresholdingRatio: z.number().min(0).max(1).default(0.995),
  /** The largest threshold. */
  sampleMaxValue: z.number().positive().default(1),
}

/** Reports trained betas that are not one for each training timestep. */
export function checkBetas(config: z.output<z.ZodObject<typeof trainedBetaSettings>>, problems: Problems): void {
  const { trainedBetas, numTrainTimesteps } = config
  if (trainedBetas !== null && trainedBetas.length !== numTrainTimesteps) {
    const message = `has ${trainedBetas.length} elements, but num_train_timesteps is ${numTrainTimesteps}`
    problems.addIssue({ code: 'custom', path: ['trainedBetas'], message })
  }
}

/** Reports settings of which only one may be on. */
export function checkExclusive<K extends string>(
  config: Readonly<Record<K, boolean>>,
  keys: readonly K[],
  problems: Problems,
): void {
  const [first, ...others] = keys.filter(key => config[key])
  for (const key of others) {
    const message = `is true, but ${toSnakeCase(first as string)} is true as well; only one of them may be`
    problems.addIssue({ code: 'custom', path: [key], message })
  }
}

/** Under this key a config says which of its values are defaults of its class, and nobody's choice. */
const DEFAULTS: unique symbol = Symbol('defaults')

/** Settings that families of schedulers call by one name and give other values. */
const FAMILY_SETTINGS = ['algorithmType', 'solverType']

/** What was given of a config: without `null`, which stands for the default, and without the defaults of the scheduler it comes from. */
export function givenSettings(config: RawConfig): RawConfig {
  const { [DEFAULTS]: defaults = {} } = config as { [DEFAULTS]?: RawConfig }
  const isGiven = ([key, value]: [string, unknown]) =>
    value !== null && value !== undefined && !(key in defaults && defaults[key] === value)
  const given = Object.fromEntries(Object.entries(config).filter(isGiven))
  // Still known as another scheduler's.
  return DEFAULTS in config ? { ...given, [DEFAULTS]: {} } : given
}

/**
 * Checks a config and completes it. Its keys may be in snake_case, as in files, or in camelCase. A config that another scheduler has
 * completed brings along what was given to that scheduler, but not its defaults: each class has its own. Of another scheduler's settings, those are
 * ignored that this one does not have, or calls by other names.
 *
 * @throws ConfigError
 */
export function parseSchedulerConfig<S extends z.ZodObject>(
  schema: S,
  config: RawConfig,
  source: ConfigSource,
): ParsedConfig<z.output<S>> {
  const given = givenSettings(config)
  const isOfAnother = DEFAULTS in given || (given._class_name !== undefined && given._class_name !== source.component)
  const applies = ([key, value]: [string, unknown]) => {
    const setting = schema.shape[toCamelCase(key)] as z.ZodType | undefined
    if (setting === undefined) return false
    return !(isOfAnother && FAMILY_SETTINGS.includes(toCamelCase(key))) || setting.safeParse(value).success
  }
  const applied = Object.fromEntries(Object.entries(given).filter(applies))
  const parsed = parseConfig(schema, applied, source)
  const names = new Set(Object.keys(applied).map(toCamelCase))
  const defaults = Object.fromEntries(Object.entries(parsed).filter(([name]) => !names.has(name)))
  return {
    config: Object.freeze({ ...parsed, [DEFAULTS]: defaults } as z.output<S>), // The symbol is nobody else's business.
    ignoredKeys: Object.keys(given).filter(key => !key.startsWith('_') && !(key in applied)),
    isOfAnother,
  }
}
