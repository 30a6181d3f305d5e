/** Options of loading that may differ from component to component. */

import { UnknownValueError } from '../errors/unknown-value-error'
import { UnsupportedDTypeError } from '../errors/unsupported-dtype-error'
import { UnsupportedQuantizationError } from '../errors/unsupported-quantization-error'
import { classNameOf } from '../format/class-name'
import { isPlainObject } from '../format/plain-object'
import type { FromPretrainedOptions } from '../params/component-class'
import { findComponentClass } from '../params/component-classes'
import type { ComponentLoadOptions, ComponentSpec } from '../params/component-spec'

/** One value for all components, or values by the names of components; under `default`, that of all others. */
export type PerComponent<T> = T | Readonly<Record<string, T>>

/** Options of `loadComponents()`. Every option but `signal` and `onProgress` may be a map: `{ variant: { unet: 'fp16' } }`. */
export type LoadComponentsOptions = {
  readonly [K in keyof Omit<ComponentLoadOptions, 'className' | 'signal' | 'onProgress'>]?:
    | PerComponent<Exclude<ComponentLoadOptions[K], undefined>>
    | undefined
} & Pick<FromPretrainedOptions, 'signal' | 'onProgress'> & {
    /** Which components to load; by default all that are not there yet. Named ones are loaded again. */
    names?: string | readonly string[] | undefined
    /** Loads what a workflow of the blocks needs, and no more. Not together with `names`. */
    workflow?: string | undefined
  }

/** The key of a map of options for those components that it does not name. */
const DEFAULT = 'default'

/** Options that only models take, and the field of a class that tells its values. */
const OF_MODELS = [
  { option: 'quantization', values: 'quantizations', Failure: UnsupportedQuantizationError },
  { option: 'dtype', values: 'dtypes', Failure: UnsupportedDTypeError },
] as const

/**
 * Checks maps that name components: an option that one value gives to all components is for the models among them, but who names a component means it.
 *
 * @throws UnsupportedQuantizationError, UnsupportedDTypeError for a component whose class has no weights
 */
export function requireWeights(
  options: Readonly<Record<string, unknown>>,
  specs: Iterable<Pick<ComponentSpec, 'name' | 'typeHint' | 'className'>>,
): void {
  for (const { name, typeHint, className } of specs) {
    const named = className === undefined ? undefined : findComponentClass(className)
    const classes = [typeHint, named].filter(type => type !== undefined)
    for (const { option, values, Failure } of OF_MODELS) {
      const map = options[option]
      const value = isMap(map) && Object.hasOwn(map, name) ? map[name] : undefined
      // The class of the other components is known when their config has been read.
      if (value === undefined || classes.length === 0 || classes.some(type => type[values] !== undefined)) continue
      throw new Failure(name, String(value), classNameOf(classes[0] as object), [])
    }
  }
}

/**
 * The options of each component.
 * @throws UnknownValueError for a map with a name that is not a component
 */
export function optionsPerComponent(
  options: Readonly<Record<string, unknown>>,
  names: readonly string[],
): (name: string) => ComponentLoadOptions {
  for (const [option, value] of Object.entries(options)) {
    if (!isMap(value)) continue
    for (const key of Object.keys(value)) {
      if (key !== DEFAULT && !names.includes(key)) {
        throw new UnknownValueError(`The pipeline (option "${option}")`, key, names, 'component')
      }
    }
  }
  return name => {
    const entries = Object.entries(options).map(([option, value]) => {
      if (!isMap(value)) return [option, value]
      return [option, Object.hasOwn(value, name) ? value[name] : value[DEFAULT]]
    })
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as ComponentLoadOptions
  }
}

/** Whether a value is a map by name: a plain object. An executor is none: it is of a class, or at least does something. */
function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) return false
  const members = Object.values(Object.getOwnPropertyDescriptors(value))
  return members.every(({ value, get }) => get === undefined && typeof value !== 'function')
}
