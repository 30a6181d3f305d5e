/** What `modular_model_index.json` is to hold. Counterpart: the config of ModularPipeline of diffusers. */
import { classNameOf } from '../format/class-name'
import { DIFFUSERS_VERSION } from '../format/diffusers-version'
import type { ComponentClass } from '../params/component-class'
import { componentClassOf, findComponentClass, libraryOf } from '../params/component-classes'
import type { ComponentSpec } from '../params/component-spec'
import { isPromise } from '../runtime/maybe-promise'
import type { PipelineComponents } from './pipeline-components'

/** An entry of a component: class of what is there, and how it is loaded. */
export type SavedEntry = readonly [library: string | null, className: string | null, spec: SavedSpec]

/** How a component is loaded, in the names of the file. */
export interface SavedSpec {
  readonly pretrained_model_name_or_path: string | null
  readonly revision: string | null
  readonly subfolder: string
  readonly type_hint: readonly [library: string | null, className: string | null]
  readonly variant: string | null
}

/** The contents of an index: keys in snake_case, sorted. */
export type IndexToSave = Readonly<Record<string, unknown>>

/**
 * The index of a pipeline as it is now. Components that are made from their config have no place in it.
 *
 * @param keyOf how files spell the name of a component or a setting
 */
export function indexToSave(
  classNames: { pipeline: string; blocks: string },
  config: Readonly<Record<string, unknown>>,
  components: PipelineComponents,
  keyOf: (name: string) => string,
): IndexToSave {
  const entries: Record<string, unknown> = {
    _blocks_class_name: classNames.blocks,
    _class_name: classNames.pipeline,
    _diffusers_version: DIFFUSERS_VERSION,
  }
  for (const [name, value] of Object.entries(config)) entries[keyOf(name)] = value ?? null
  for (const name of components.namesOf('fromPretrained')) {
    // Both are there: the names are those of the specs.
    entries[keyOf(name)] = savedEntry(components.spec(name) as ComponentSpec, components.peek(name))
  }
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function savedEntry(spec: ComponentSpec, component: unknown): SavedEntry {
  const type = isPromise(component) ? undefined : componentClassOf(component)
  const [library, className] = libraryAndClass(type)
  return [
    library,
    className,
    {
      pretrained_model_name_or_path: spec.pretrainedModelNameOrPath ?? null,
      revision: spec.revision ?? null,
      subfolder: spec.subfolder,
      type_hint: statedNames(spec) ?? libraryAndClass(type ?? spec.typeHint),
      variant: spec.variant ?? null,
    },
  ]
}

/** What the index said that the pipeline was made from. */
function statedNames({ className, library }: ComponentSpec): readonly [string | null, string] | undefined {
  if (className === undefined) return undefined
  const type = findComponentClass(className)
  return [library ?? (type && libraryOf(type)) ?? null, className]
}

/** A class that Python does not know has no library there: it then looks at the files of the component to find out what they are. */
function libraryAndClass(type: ComponentClass | undefined): readonly [string | null, string | null] {
  return type === undefined ? [null, null] : [libraryOf(type) ?? null, classNameOf(type)]
}
