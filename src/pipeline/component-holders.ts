/** Which pipelines hold a component, so that the last one to release it can dispose it. */

// A component must not keep pipelines alive that nobody uses any more.
const holders = new WeakMap<object, Set<WeakRef<object>>>()

/** Says that a component is held. What is not an object is held by nobody. */
export function hold(component: unknown, holder: object): void {
  if (typeof component !== 'object' || component === null) return
  const others = holders.get(component) ?? new Set()
  others.add(new WeakRef(holder))
  holders.set(component, others)
}

/** Says that a component is no longer held by this holder; whether nobody holds it now. */
export function release(component: unknown, holder: object): boolean {
  if (typeof component !== 'object' || component === null) return true
  const others = holders.get(component) ?? new Set()
  for (const ref of others) {
    const other = ref.deref()
    if (other === undefined || other === holder) others.delete(ref)
  }
  return others.size === 0
}
