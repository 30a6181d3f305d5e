/** Kinds of values that a state can be saved with, beside plain ones: tensors, images, generators, … The module that makes them registers them. */
import type { MaybePromise } from '../runtime/maybe-promise'
import type { StateStorage } from './saved-array'

/** One kind of value. */
export interface ValueKind<T extends object = object> {
  /** Name in files, e.g. `Tensor`. */
  readonly name: string
  /** Whether a value is one. */
  is(value: object): value is T
  /** What makes the value out: plain values, and arrays of numbers as SavedArray. */
  save(value: T): MaybePromise<unknown>
  /** A value that was saved. */
  load(saved: unknown): T
}

const valueKinds: ValueKind[] = []
let registeredStorage: StateStorage | undefined

/** Lets states be saved with values of a kind. Registering the same object again does nothing. */
export function registerValueKind<T extends object>(kind: ValueKind<T>): void {
  const general = kind as unknown as ValueKind // Only values that pass is() are handed to save().
  if (!valueKinds.includes(general)) valueKinds.push(general)
}

/** The kind of a value, if it is of one. */
export function valueKindOf(value: object): ValueKind | undefined {
  return valueKinds.find(kind => kind.is(value))
}

/** The kind of a name. */
export function valueKindNamed(name: string): ValueKind | undefined {
  return valueKinds.find(kind => kind.name === name)
}

/** Makes known who writes and reads the files of states; the last one counts. */
export function registerStateStorage(storage: StateStorage): void {
  registeredStorage = storage
}

/** Who writes and reads the files of states. */
export function stateStorage(): StateStorage | undefined {
  return registeredStorage
}
