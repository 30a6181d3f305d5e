/** Where components came from. Counterpart: the `_diffusers_load_id` that diffusers writes on an object. */

/** What a component carries that was made from its settings alone. */
export const CONFIG_LOAD_ID = 'null'

// Kept beside the objects, not on them: components may be frozen, shared, or of classes that are not ours.
const loadIds = new WeakMap<object, string>()

/** Remembers where a component was loaded from: the `loadId` of its spec. Values that are not objects carry no mark. */
export function markLoaded(component: unknown, loadId: string): void {
  if (canCarry(component)) loadIds.set(component, loadId)
}

/** Where a component was loaded from; `'null'` for one that a spec made from its settings, `undefined` for one that was made by hand. */
export function loadIdOf(component: unknown): string | undefined {
  return canCarry(component) ? loadIds.get(component) : undefined
}

function canCarry(component: unknown): component is object {
  return typeof component === 'function' || (typeof component === 'object' && component !== null)
}
