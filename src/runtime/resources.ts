/** Things that must be disposed, such as tensors: the framework knows them only by what is registered here. */
import { activeRun } from './active-run'
import type { MaybePromise } from './maybe-promise'

/** One kind of resource, registered by the module that makes it. */
export interface ResourceKind<T extends object = object> {
  /** Whether a value is one. */
  is(value: object): value is T
  /** Whether it has been disposed already. */
  isDisposed(resource: T): boolean
  /** Gives it back, unless its maker has marked it as kept. */
  dispose(resource: T): void
  /** What is wrong with its numbers, e.g. `3 of 1024 values are NaN`; `undefined` if nothing is. */
  findNonFinite?(resource: T): MaybePromise<string | undefined>
}

const resourceKinds: ResourceKind[] = []

/** Teaches the runtime a kind of resource. Registering the same object again does nothing. */
export function registerResourceKind<T extends object>(kind: ResourceKind<T>): void {
  const general = kind as unknown as ResourceKind // Only values that pass is() are handed to the other methods.
  if (!resourceKinds.includes(general)) resourceKinds.push(general)
}

/** Tells the run that is active here, if there is one, that a resource was made. */
export function trackResource(resource: object): void {
  activeRun()?.track(resource)
}

/** The kind of a value, or `undefined` for what is not a resource. */
export function resourceKindOf(value: object): ResourceKind | undefined {
  for (const kind of resourceKinds) if (kind.is(value)) return kind
  return undefined
}

/** Gives a resource back, if it is still there. */
export function disposeResource(resource: object): void {
  const kind = resourceKindOf(resource)
  if (kind && !kind.isDisposed(resource)) kind.dispose(resource)
}

/** Disposes every resource that can be reached from a value. */
export function disposeAll(value: unknown): void {
  const found = new Set<object>()
  collectResources(value, found, new Set())
  for (const resource of found) disposeResource(resource)
}

/**
 * Collects every resource that can be reached from a value, through arrays, maps, sets and the fields of objects. What an object hides in a private
 * `#field`, a closure or a WeakMap is not found: such an object is best registered as a resource itself.
 */
export function collectResources(value: unknown, found: Set<object>, visited: Set<object>): void {
  // Not by recursion: values that refer to one another can be nested deeper than the stack.
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next !== 'object' || next === null || visited.has(next) || ArrayBuffer.isView(next)) continue
    visited.add(next)
    if (resourceKindOf(next)) found.add(next)
    else for (const member of innerValues(next)) if (typeof member === 'object') pending.push(member)
  }
}

function innerValues(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value
  if (value instanceof Map || value instanceof Set) return value.values()
  return Object.values(value)
}
