/** What schedulers remember of a run, saved and restored. */

import { NotResumableError } from '../../src/errors/not-resumable-error'
import { classNameOf } from '../../src/format/class-name'
import * as tf from '../tensors/tf'

/** A part of a scheduler that remembers something. */
export interface RunMemory {
  /** What it remembers, as values that a state can be saved with; tensors in it are new ones. */
  saveRun(): unknown
  /** Remembers what was saved, in place of what it did. */
  restoreRun(saved: unknown): void
}

/**
 * The fields of a scheduler in which it differs from a copy that has seen no step.
 *
 * @throws NotResumableError for a field of a kind that cannot be saved
 */
export function saveFields(component: object, fresh: object): Record<string, unknown> {
  const untouched = new Map(Object.entries(fresh))
  const changed = Object.entries(component).filter(([name, value]) => untouched.get(name) !== value)
  return Object.fromEntries(changed.map(([name, value]) => [name, saveField(name, value)]))
}

/** Gives a scheduler that has seen no step the fields that were saved. @throws NotResumableError for what is not a field */
export function restoreFields(component: object, saved: Readonly<Record<string, unknown>>): void {
  const fields = component as Record<string, unknown>
  for (const [name, value] of Object.entries(saved)) {
    // The state may come from anywhere: it must not take the place of a method.
    if (name in component && !Object.hasOwn(component, name)) {
      throw new NotResumableError(`"${name}" is not a field of ${classNameOf(component)}.`)
    }
    const current = fields[name]
    if (isRunMemory(current)) current.restoreRun(value)
    else fields[name] = kept(value)
  }
}

function saveField(name: string, value: unknown): unknown {
  if (isRunMemory(value)) return value.saveRun()
  if (value instanceof tf.Tensor) return value.clone()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(member => saveField(name, member))
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, saveField(name, member)]))
  }
  throw new NotResumableError(`"${name}", an instance of ${classNameOf(value)}, cannot be saved.`)
}

/** The same value with tensors of its own, which outlive the step that they are used in. */
function kept(value: unknown): unknown {
  if (value instanceof tf.Tensor) return tf.keep(value.clone())
  if (Array.isArray(value)) return value.map(kept)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, kept(member)]))
}

function isRunMemory(value: unknown): value is RunMemory {
  const { saveRun, restoreRun } = (value ?? {}) as Partial<RunMemory>
  return typeof saveRun === 'function' && typeof restoreRun === 'function'
}
