/** The schedulers and guiders that a job may choose, with their settings. */
import { setImmediate } from 'node:timers/promises'
import { guiderNames, makeGuider, resolveScheduler, schedulerNames } from '../../components'
import type { RawConfig } from '../../components/configs/parse-config'
import type { JsonSchema, ModularPipelineBlocks } from '../../src'
import { classNameOf } from '../../src/format/class-name'
import type { OfferedComponent, OfferedComponents } from './offered-components'

/** Components that a job may choose. */
export const CHOOSABLE = ['scheduler', 'guider'] as const

/** A component that a job may choose. */
export type Choosable = (typeof CHOOSABLE)[number]

/** Settings that say what a model was trained for: another value would be wrong for it. */
const OF_THE_MODEL: readonly string[] = [
  'numTrainTimesteps',
  'betaStart',
  'betaEnd',
  'betaSchedule',
  'trainedBetas',
  'predictionType',
]

/** Schedulers of models that are trained with flow matching; no others fit these, and these fit no others. */
const FLOW_MATCHING = /^FlowMatch/

let schedulers: readonly OfferedComponent[] | undefined
let guiders: readonly OfferedComponent[] | undefined
const settingsByClass = new WeakMap<object, readonly (readonly [string, JsonSchema])[]>()

/** Whether a job may choose components of these blocks. */
export function offersComponents(blocks: ModularPipelineBlocks): boolean {
  return blocks.expectedComponents.some(({ name }) => CHOOSABLE.some(each => each === name))
}

/** What may be chosen for a pipeline; a component that its blocks do not use is missing. */
export function offeredComponents(
  blocks: ModularPipelineBlocks,
  ownClass: (name: Choosable) => string | undefined,
): Partial<Record<Choosable, OfferedComponents>> {
  const used = new Set(blocks.expectedComponents.map(({ name }) => name))
  return Object.fromEntries(
    CHOOSABLE.filter(name => used.has(name)).map(name => {
      const own = ownClass(name)
      const fits = ({ className }: OfferedComponent) =>
        name !== 'scheduler' || own === undefined || FLOW_MATCHING.test(className) === FLOW_MATCHING.test(own)
      return [name, { own: own ?? null, choices: allOf(name).filter(fits) }]
    }),
  )
}

/**
 * Makes the schemas of all settings, class by class: together they take more than 100 ms, in which the server would answer nobody.
 *
 * @param signal ends it early; what is left is then made when it is asked for
 */
export async function prepareOffers(signal: AbortSignal): Promise<void> {
  for (const [componentClass, make] of madeClasses()) {
    // Timers and requests that wait come first.
    await setImmediate()
    if (signal.aborted) return
    settingsOf(componentClass, make)
  }
}

function* madeClasses(): Generator<Parameters<typeof settingsOf>> {
  for (const { schedulerClass, make } of Object.values(schedulerNames)) yield [schedulerClass, () => make({})]
  for (const [name, { guiderClass }] of Object.entries(guiderNames)) yield [guiderClass, () => makeGuider(name)]
}

/** All that there are, which takes some time unless it was prepared. */
function allOf(kind: Choosable): readonly OfferedComponent[] {
  if (kind === 'scheduler') {
    schedulers ??= Object.keys(schedulerNames).flatMap(name => {
      const { schedulerClass, settings, make } = resolveScheduler(name)
      return offer(name, schedulerClass, settings, () => make({}))
    })
    return schedulers
  }
  guiders ??= Object.entries(guiderNames).flatMap(([name, { guiderClass, settings }]) =>
    offer(name, guiderClass, settings, () => makeGuider(name)),
  )
  return guiders
}

/** Settings of a class that a job may change. Many names stand for one class. */
function settingsOf(
  componentClass: object,
  make: () => { readonly settingsSchema: JsonSchema },
): readonly (readonly [string, JsonSchema])[] {
  const known = settingsByClass.get(componentClass)
  if (known) return known
  const { properties = {} } = make().settingsSchema
  const shown = Object.entries(properties).filter(([key]) => !OF_THE_MODEL.includes(key))
  settingsByClass.set(componentClass, shown)
  return shown
}

function offer(
  name: string,
  componentClass: object,
  settings: RawConfig,
  make: () => { readonly settingsSchema: JsonSchema },
): OfferedComponent[] {
  const className = classNameOf(componentClass)
  // Class names are among the names as well.
  if (name === className) return []
  const withDefaults = settingsOf(componentClass, make).map(([key, schema]): [string, JsonSchema] => [
    key,
    Object.hasOwn(settings, key) ? { ...schema, default: settings[key] } : schema,
  ])
  const schema: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(withDefaults),
    required: [],
    additionalProperties: false,
  }
  return [{ name, className, settings: schema }]
}
