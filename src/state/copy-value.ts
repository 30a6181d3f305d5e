/** Values of a run's own: what a run may change must not be seen by another. */
import { isRunScoped } from '../container/run-scoped'

/**
 * A copy of a value: containers are copied, and so are generators and the like that a run changes; all else, such as tensors, which never change, is
 * shared.
 *
 * @param copies the copies made so far: what stands in two places stays one thing
 */
export function copyValue<T>(value: T, copies?: Map<object, unknown>): T
export function copyValue(value: unknown, copies = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (copies.has(value)) return copies.get(value)
  const keep = <C>(copy: C): C => {
    copies.set(value, copy)
    return copy
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = keep([])
    for (const member of value) copy.push(copyValue(member, copies))
    return copy
  }
  if (value instanceof Map) {
    const copy = keep(new Map())
    for (const [key, member] of value) copy.set(key, copyValue(member, copies))
    return copy
  }
  if (value instanceof Set) {
    const copy = keep(new Set())
    for (const member of value) copy.add(copyValue(member, copies))
    return copy
  }
  if (Object.getPrototypeOf(value) === Object.prototype) {
    const copy: Record<string, unknown> = keep({})
    for (const [key, member] of Object.entries(value)) copy[key] = copyValue(member, copies)
    return copy
  }
  return isRunScoped(value) ? keep(value.forRun({})) : value
}
