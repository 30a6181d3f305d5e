/** Names of classes that survive bundlers and minifiers. */

/**
 * Returns the name of a class, or of the class of an instance: its own static `className`, otherwise the name that it has in the code. A subclass
 * without a `className` does not inherit the one of its parent.
 */
export function classNameOf(value: unknown): string {
  const type: unknown = typeof value === 'function' ? value : (value as object | null | undefined)?.constructor
  if (typeof type !== 'function') return 'Object'
  const own: unknown = Object.getOwnPropertyDescriptor(type, 'className')?.value
  return typeof own === 'string' && own !== '' ? own : type.name
}
