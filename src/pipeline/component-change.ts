/** Works out what an update does to a component, before anything is changed. Counterpart: ModularPipeline.update_components of diffusers. */
import { ComponentTypeError } from '../errors/component-type-error'
import { classNameOf } from '../format/class-name'
import { componentClassOf, isSubclass } from '../params/component-classes'
import { ComponentSpec, configOf, hasWeights } from '../params/component-spec'
import { CONFIG_LOAD_ID, loadIdOf } from '../params/load-ids'
import { isAbsent } from '../params/schema'
import { wrongClass } from '../params/wrong-class'
import { outsideRuns } from '../runtime/active-run'

/** What an update does to one component. */
export interface ComponentChange {
  readonly name: string
  readonly spec: ComponentSpec
  /** What takes its place; `undefined` takes it away. */
  readonly component: unknown
  /** Whether another one is to be loaded in its place. */
  readonly isToBeLoaded?: boolean
}

/**
 * Returns what a value does that is given for a component: a component takes its place, a spec makes another one, and nothing takes it away.
 *
 * @param current how the component is asked for now
 * @param declared what the blocks ask for
 * @throws ComponentTypeError, ComponentSourceError
 */
export function planChange(value: unknown, current: ComponentSpec, declared: ComponentSpec): ComponentChange {
  const { name } = current
  if (isAbsent(value)) return { name, spec: current, component: undefined }
  if (value instanceof ComponentSpec) return planSpec(value.with({ name }), declared)
  const issue = wrongClass(declared, value, [])
  if (issue) throw issue
  return { name, spec: specOf(current, value), component: value }
}

function planSpec(spec: ComponentSpec, { typeHint: wanted }: ComponentSpec): ComponentChange {
  const { name } = spec
  const type = spec.typeHint ?? wanted
  if (wanted && type && !isSubclass(type, wanted)) {
    const expected = `an instance of ${classNameOf(wanted)}`
    throw new ComponentTypeError([], name, expected, `asked for as ${classNameOf(type)}`)
  }
  const full = spec.with({ typeHint: type })
  if (full.defaultCreationMethod === 'fromPretrained')
    return { name, spec: full, component: undefined, isToBeLoaded: true }
  const component = outsideRuns(() => full.create())
  return { name, spec: full.with({ config: configOf(component) ?? full.config }), component }
}

/** The spec of what takes the place of a component. */
function specOf(current: ComponentSpec, component: unknown): ComponentSpec {
  const { name, description } = current
  const loadId = loadIdOf(component)
  const typeHint = componentClassOf(component)
  if (current.defaultCreationMethod === 'fromPretrained' && loadId === undefined) {
    return new ComponentSpec({ name, description, typeHint, defaultCreationMethod: 'fromPretrained' })
  }
  const isLoaded = loadId !== undefined && loadId !== CONFIG_LOAD_ID
  if (isLoaded || hasWeights(component) || (configOf(component) && typeHint?.fromConfig)) {
    return ComponentSpec.fromComponent(name, component).with({ description })
  }
  // What is made by hand is never saved, so nothing is lost if nobody knows how it is set up.
  return new ComponentSpec({ name, description, typeHint, defaultCreationMethod: 'fromConfig' })
}
