/** What components are called in a manager: `unet_7`. */

// By the component itself, so that one that is added again, here or to another manager, has the same number.
const numbersOfObjects = new WeakMap<object, number>()
const numbersOfOthers = new Map<unknown, number>()
let lastNumber = 0

/** The id of a component under a name: `<name>_<number>`, with a number that no other component ever has. */
export function componentId(name: string, component: unknown): string {
  return `${name}_${numberOf(component)}`
}

/** The name in an id: all before its last underscore. */
export function nameInId(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('_')))
}

function numberOf(component: unknown): number {
  if ((typeof component === 'object' && component !== null) || typeof component === 'function') {
    const number = numbersOfObjects.get(component) ?? ++lastNumber
    numbersOfObjects.set(component, number)
    return number
  }
  const number = numbersOfOthers.get(component) ?? ++lastNumber
  numbersOfOthers.set(component, number)
  return number
}
