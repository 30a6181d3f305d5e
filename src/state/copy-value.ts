/** Values of a run's own: what a run may change must not be seen by another. */

import { isRunScoped } from '../container/run-scoped'
import { setOwn } from '../format/own-property'
import { isPlainObject } from '../format/plain-object'

/**
 * Returns a copy of a value: containers are copied, and so are objects that a run changes, such as generators;
 * everything else, such as tensors, which never change, is
 * shared. Values may be nested to any depth.
 *
 * @param copies the copies made so far: what appears in two places stays one object
 */
export function copyValue<T>(value: T, copies?: Map<object, unknown>): T
export function copyValue(value: unknown, copies = new Map<object, unknown>()): unknown {
  // Containers whose copies are still empty. Not by recursion: values that refer to one another can be nested deeper than the stack.
  const pending: (() => void)[] = []
  const copy = (member: unknown): unknown => {
    if (typeof member !== 'object' || member === null) return member
    if (copies.has(member)) return copies.get(member)
    const started = start(member)
    copies.set(member, started.copy)
    pending.push(() => started.fill?.(copy))
    return started.copy
  }
  const result = copy(value)
  for (let fill = pending.pop(); fill !== undefined; fill = pending.pop()) fill()
  return result
}

/** A copy that its members are to be put into. */
interface StartedCopy {
  readonly copy: unknown
  fill?(copyMember: (member: unknown) => unknown): void
}

function start(value: object): StartedCopy {
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    return {
      copy,
      fill(copyMember) {
        for (const member of value) copy.push(copyMember(member))
      },
    }
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>()
    return {
      copy,
      fill(copyMember) {
        for (const [key, member] of value) copy.set(key, copyMember(member))
      },
    }
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>()
    return {
      copy,
      fill(copyMember) {
        for (const member of value) copy.add(copyMember(member))
      },
    }
  }
  if (isPlainObject(value)) {
    const copy: object = Object.create(Object.getPrototypeOf(value) as object | null)
    return {
      copy,
      fill(copyMember) {
        for (const [key, member] of Object.entries(value)) setOwn(copy, key, copyMember(member))
      },
    }
  }
  return { copy: isRunScoped(value) ? value.forRun({}) : value }
}
