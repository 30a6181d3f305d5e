/** Classes whose values can be sent as JSON: pictures. The module that makes them registers them. */
import type { MaybePromise } from '../runtime/maybe-promise'
import type { JsonSchema } from './json-schema'

/** Limits of reading what somebody has sent. */
export interface WireLimits {
  /** Pixels that a picture may have, width times height. Default: that of the reader. */
  readonly maxPixels?: number | undefined
  /** Values of classes, such as pictures, that may be sent together. Default: 100. */
  readonly maxValues?: number | undefined
}

/** A class whose values have a form in JSON. */
export interface WireType<T extends object = object> {
  /** The type in words, as declarations name it: `Image`. */
  readonly name: string
  /** What stands for a value among inputs. */
  readonly input: JsonSchema
  /** What stands for a value among outputs. */
  readonly output: JsonSchema
  /** Makes a value of what was sent, which fits `input`. Throws a ModularError for what cannot be read. */
  read(sent: unknown, limits: WireLimits): MaybePromise<T>
}

const wireTypes = new Map<string, WireType>()

/** Lets values of a class be sent; of two with one name, the last one counts. */
export function registerWireType<T extends object>(type: WireType<T>): void {
  wireTypes.set(type.name, type)
}

/** How values of a type in words are sent, if they can be. */
export function wireTypeNamed(name: string): WireType | undefined {
  return wireTypes.get(name)
}
