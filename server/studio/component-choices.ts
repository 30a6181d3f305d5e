/** The schedulers and guiders that a job may choose, with their settings. */
import { setImmediate } from 'node:timers/promises'
import { guiderNames, makeGuider, schedulerNames } from '../../components'
import type { RawConfig } from '../../components/configs/parse-config'
import type { JsonSchema, ModularPipelineBlocks } from '../../src'
import { classNameOf } from '../../src/format/class-name'
import { CHOOSABLE, type Choices, type Choosable, type OfferedComponent } from './offered-components'

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

/** A component by one of its names. */
interface NamedComponent {
  readonly name: string
  readonly componentClass: object
  /** Settings that the name stands for. */
  readonly settings: RawConfig
  make(): { readonly settingsSchema: JsonSchema }
}

const offered = new Map<Choosable, readonly OfferedComponent[]>()
const settingsByClass = new WeakMap<object, readonly (readonly [string, JsonSchema])[]>()

/** Whether a job may choose components of these blocks. */
export function offersComponents(blocks: ModularPipelineBlocks): boolean {
  return blocks.expectedComponents.some(({ name }) => CHOOSABLE.some(each => each === name))
}

/** What may be chosen for a pipeline; a component that its blocks do not use is missing. */
export function offeredComponents(
  blocks: ModularPipelineBlocks,
  ownClass: (name: Choosable) => string | undefined,
): Choices {
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
  for (const each of CHOOSABLE.flatMap(namedComponents)) {
    // Timers and requests that wait come first.
    await setImmediate()
    if (signal.aborted) return
    settingSchemas(each)
  }
}

function namedComponents(kind: Choosable): NamedComponent[] {
  if (kind === 'scheduler') {
    return Object.entries(schedulerNames).map(([name, { schedulerClass, settings, make }]) => ({
      name,
      componentClass: schedulerClass,
      settings,
      make: () => make({}),
    }))
  }
  return Object.entries(guiderNames).map(([name, { guiderClass, settings }]) => ({
    name,
    componentClass: guiderClass,
    settings,
    make: () => makeGuider(name),
  }))
}

/** All that there are, which takes some time unless it was prepared. */
function allOf(kind: Choosable): readonly OfferedComponent[] {
  const known = offered.get(kind)
  if (known) return known
  const made = namedComponents(kind).flatMap(offer)
  offered.set(kind, made)
  return made
}

/** Settings of a class that a job may change. Many names stand for one class. */
function settingSchemas({ componentClass, make }: NamedComponent): readonly (readonly [string, JsonSchema])[] {
  const known = settingsByClass.get(componentClass)
  if (known) return known
  const { properties = {} } = make().settingsSchema
  const shown = Object.entries(properties).filter(([key]) => !OF_THE_MODEL.includes(key))
  settingsByClass.set(componentClass, shown)
  return shown
}

function offer(component: NamedComponent): OfferedComponent[] {
  const { name, componentClass, settings } = component
  const className = classNameOf(componentClass)
  // Class names are among the names as well.
  if (name === className) return []
  const withDefaults = settingSchemas(component).map(([key, schema]): [string, JsonSchema] => [
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
