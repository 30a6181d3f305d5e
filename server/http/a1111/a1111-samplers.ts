/** Samplers and schedules as AUTOMATIC1111 names them, and the scheduler of a job that they choose. */
import { schedulerNames } from '../../../components'
import { findName } from '../../../components/configs/find-name'
import type { ComponentChoice } from '../../jobs/job'
import type { JsonObject } from '../../jobs/json'
import type { OfferedComponent } from '../../studio/offered-components'
import type { CatalogEntry } from '../catalog'
import { type FieldProblem, pointerTo } from '../problem'
import { A1111_SAMPLERS, A1111_SCHEDULES, type A1111Schedule, AUTOMATIC, SPACINGS } from './a1111-sampler-names'

/** A sampler in answers. */
export interface A1111Sampler {
  readonly name: string
  readonly aliases: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

/** Fields of a request that choose. */
export interface SamplerFields {
  readonly sampler_name?: string | null
  readonly sampler_index?: string | null
  readonly scheduler?: string | null
  readonly override_settings?: {
    readonly k_sched_type?: string
    readonly uni_pc_variant?: string
    readonly uni_pc_order?: number
    readonly uni_pc_lower_order_final?: boolean
  } | null
}

/** What a request has chosen. */
export interface ChosenSampler {
  /** Its name in answers; `undefined` where the pipeline's own is not known. */
  readonly sampler: string | undefined
  /** Label of the schedule; `undefined` if the sampler's own is used. */
  readonly schedule: string | undefined
  /** The scheduler of the job; `undefined` if the pipeline's own is used. */
  readonly component: ComponentChoice | undefined
}

/** Options of AUTOMATIC1111 that are settings of its sampler UniPC. */
const UNI_PC = {
  uni_pc_variant: 'solverType',
  uni_pc_order: 'solverOrder',
  uni_pc_lower_order_final: 'lowerOrderFinal',
} as const

/** Names that hold a schedule. AUTOMATIC1111 lists the schedules apart. */
const WITH_SCHEDULE = /_(karras|exponential|beta)$/

/** The samplers that a request may name: the pipeline's own by its class, and all that fit it. */
export function samplersOf(entry: CatalogEntry): A1111Sampler[] {
  const own = entry.scheduler === undefined ? [] : [{ name: entry.scheduler, aliases: [], options: {} }]
  const others = choicesOf(entry).map(({ name }) => {
    const { label = name, aliases = [], schedule } = A1111_SAMPLERS[name] ?? {}
    const others = label === name ? aliases : [name, ...aliases]
    return { name: label, aliases: others, options: schedule === undefined ? {} : { scheduler: schedule } }
  })
  return [...own, ...others]
}

/** The schedules that a request may name: those that a sampler of the pipeline has. */
export function schedulesOf(entry: CatalogEntry): A1111Schedule[] {
  const choices = choicesOf(entry)
  return A1111_SCHEDULES.filter(each => each === AUTOMATIC || choices.some(choice => spacingFor(each, choice)))
}

/** Chooses what the fields name, or says what is wrong with them. */
export function chooseSampler(entry: CatalogEntry, fields: SamplerFields): ChosenSampler | FieldProblem {
  const field = fields.sampler_name ? 'sampler_name' : 'sampler_index'
  const [given, suffix] = splitSchedule(fields[field] || undefined)
  const { k_sched_type, ...overrides } = fields.override_settings ?? {}
  const [place, asked] = fields.scheduler
    ? [['scheduler'], fields.scheduler]
    : [['override_settings', 'k_sched_type'], k_sched_type || undefined]
  // As there, a schedule in the name of the sampler comes first.
  const named = suffix ?? findSchedule(asked ?? AUTOMATIC.name)
  if (named === undefined) return unknownSchedule(entry, place, asked as string)
  const choice = given === undefined ? undefined : findChoice(entry, given)
  const isOwn = given === undefined || (choice === undefined && findName([entry.scheduler ?? ''], given) !== undefined)
  if (!isOwn && choice === undefined) return unknownSampler(entry, field, given)

  const uniPc = Object.entries(UNI_PC).flatMap(([name, setting]): [string, string, JsonObject[string]][] => {
    const value = (overrides as JsonObject)[name]
    return value === undefined ? [] : [[name, setting, value]]
  })
  if (isOwn && named === AUTOMATIC && uniPc.length === 0) {
    return { sampler: entry.scheduler, schedule: undefined, component: undefined }
  }
  const base = choice ?? plainChoice(entry)
  const [firstOverride] = uniPc
  if (firstOverride !== undefined && base?.className !== 'UniPCMultistepScheduler') {
    return { pointer: pointerTo(['override_settings', firstOverride[0]]), detail: 'It needs the sampler "UniPC".' }
  }
  if (base === undefined) {
    const detail = `The pipeline "${entry.name}" does not have the schedule "${named.label}". Send "sampler_name" as well, or "${AUTOMATIC.label}".`
    return { pointer: pointerTo(place), detail }
  }
  const { label = base.name, schedule: usual } = A1111_SAMPLERS[base.name] ?? {}
  const schedule = named === AUTOMATIC && !isOwn && usual !== undefined ? findSchedule(usual) : named
  const spacing = spacingFor(schedule ?? AUTOMATIC, base)
  if (spacing === undefined) {
    const at = suffix === undefined ? place : [field]
    const detail = `The sampler "${label}" does not have the schedule "${named.label}". Leave it out, or send "${AUTOMATIC.label}".`
    return { pointer: pointerTo(at), detail }
  }
  const settings = { ...spacing, ...Object.fromEntries(uniPc.map(([, setting, value]) => [setting, value])) }
  const component = Object.keys(settings).length === 0 ? { name: base.name } : { name: base.name, settings }
  return { sampler: label, schedule: schedule === AUTOMATIC ? undefined : schedule?.label, component }
}

/** The schedulers that fit the pipeline, without those that differ in their schedule alone. */
function choicesOf({ components }: CatalogEntry): OfferedComponent[] {
  return (components.scheduler?.choices ?? []).filter(({ name }) => !WITH_SCHEDULE.test(name))
}

function findChoice(entry: CatalogEntry, given: string): OfferedComponent | undefined {
  return choicesOf(entry).find(({ name }) => {
    const { label = name, aliases = [] } = A1111_SAMPLERS[name] ?? {}
    return findName([name, label, ...aliases], given) !== undefined
  })
}

/** The name that stands for the pipeline's own class and changes nothing but the schedule. */
function plainChoice(entry: CatalogEntry): OfferedComponent | undefined {
  const isPlain = ([setting, value]: [string, unknown]) => Object.hasOwn(SPACINGS, setting) && !value
  return choicesOf(entry).find(
    ({ name, className }) =>
      className === entry.scheduler && Object.entries(schedulerNames[name]?.settings ?? {}).every(isPlain),
  )
}

/** The schedule as settings of a scheduler; `undefined` if that does not have it. */
function spacingFor({ settings }: A1111Schedule, { settings: { properties = {} } }: OfferedComponent) {
  const asked = Object.entries(settings)
  const has = ([name]: [string, unknown]) => Object.hasOwn(properties, name)
  // A scheduler without a spacing need not be told to leave it off.
  return asked.every(each => each[1] === false || has(each)) ? Object.fromEntries(asked.filter(has)) : undefined
}

function findSchedule(name: string): A1111Schedule | undefined {
  return A1111_SCHEDULES.find(each => findName([each.name, each.label, ...(each.aliases ?? [])], name) !== undefined)
}

/** Splits "DPM++ 2M Karras". */
function splitSchedule(given: string | undefined): [string | undefined, A1111Schedule | undefined] {
  for (const schedule of A1111_SCHEDULES) {
    for (const name of [schedule.label, schedule.name]) {
      const end = given?.slice(-name.length - 1) ?? ''
      if (/^[\s_-]/.test(end) && findName([name], end.slice(1)) !== undefined) {
        return [given?.slice(0, -end.length), schedule]
      }
    }
  }
  return [given, undefined]
}

function unknownSampler(entry: CatalogEntry, field: string, given: string): FieldProblem {
  const names = samplersOf(entry).map(({ name }) => `"${name}"`)
  const advice = names.length === 0 ? 'Leave it out.' : `Leave it out, or send ${names.join(', ')}.`
  const detail = `The pipeline "${entry.name}" does not have the sampler ${shown(given)}. ${advice}`
  return { pointer: pointerTo([field]), detail }
}

function unknownSchedule(entry: CatalogEntry, place: readonly string[], given: string): FieldProblem {
  const names = schedulesOf(entry).map(({ label }) => `"${label}"`)
  const detail = `There is no schedule ${shown(given)}. Leave it out, or send ${names.join(', ')}.`
  return { pointer: pointerTo(place), detail }
}

function shown(given: string): string {
  return JSON.stringify(given.slice(0, 100))
}
