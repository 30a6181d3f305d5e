/** Classes of components by the names that indexes give them. Counterpart: the look-up of `[library, class]` in diffusers' modular pipelines. */
import type { ComponentClass } from './component-class'

const classes = new Map<string, ComponentClass>()
const libraryNames = new WeakMap<ComponentClass, string>()

/**
 * Registers classes. An index may then name them for components whose block states no class, and a saved index names their library.
 *
 * @param library the Python package that has a class of that name, e.g. `diffusers` or `transformers`
 * @param named the classes, under all names that they stand for; several names may stand for one class
 */
export function registerComponentClasses(library: string, named: Readonly<Record<string, ComponentClass>>): void {
  for (const [name, type] of Object.entries(named)) {
    classes.set(name, type)
    libraryNames.set(type, library)
  }
}

/** The class that a name stands for, if it is known. */
export function findComponentClass(name: string): ComponentClass | undefined {
  return classes.get(name)
}

/** All names that are known. */
export function componentClassNames(): readonly string[] {
  return [...classes.keys()]
}

/** The Python package of a class, if it is known. */
export function libraryOf(type: ComponentClass): string | undefined {
  return libraryNames.get(type)
}

/** The class of a component; `undefined` for what has none. */
export function componentClassOf(component: unknown): ComponentClass | undefined {
  const type: unknown = (component as { constructor?: unknown } | null | undefined)?.constructor
  return typeof type === 'function' ? (type as unknown as ComponentClass) : undefined // Every class has a name and a prototype.
}

/** Whether all instances of one class are instances of another. */
export function isSubclass(type: ComponentClass, base: ComponentClass): boolean {
  return type === base || Object.prototype.isPrototypeOf.call(base.prototype as object, type.prototype as object)
}
