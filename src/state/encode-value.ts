/** Makes a text and arrays of numbers out of the values of a state, and back. */

import { printableValue } from '../errors/printable'
import { UnsavableValueError } from '../errors/state-file-errors'
import { setOwn } from '../format/own-property'
import { DEEPEST_JSON } from '../format/parse-json'
import { isPlainObject } from '../format/plain-object'
import { disposeAll } from '../runtime/resources'
import { runInSlices, TimeSlice } from '../runtime/time-slice'
import { type ArrayDType, SavedArray } from './saved-array'
import { type ValueKind, valueKindNamed, valueKindOf } from './value-kinds'

/** Marks objects in the text that stand for something else. A plain object with this key is marked as well. */
const MARK = '$'

/** Numbers that JSON does not have. */
const UNUSUAL_NUMBERS = ['NaN', 'Infinity', '-Infinity', '-0']

/** Digits of a whole number that has no bound of its own: reading one takes the square of its digits. */
const MOST_DIGITS = 10_000

type TypedArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | Uint8ClampedArray

interface TypedArrayClass {
  new (buffer: ArrayBuffer): TypedArray
}

/** Typed arrays by the names of their classes. */
const ARRAYS: Readonly<Record<string, readonly [ArrayDType, TypedArrayClass]>> = {
  Float64Array: ['F64', Float64Array],
  Float32Array: ['F32', Float32Array],
  BigInt64Array: ['I64', BigInt64Array],
  Int32Array: ['I32', Int32Array],
  Int16Array: ['I16', Int16Array],
  Int8Array: ['I8', Int8Array],
  BigUint64Array: ['U64', BigUint64Array],
  Uint32Array: ['U32', Uint32Array],
  Uint16Array: ['U16', Uint16Array],
  Uint8Array: ['U8', Uint8Array],
  Uint8ClampedArray: ['U8', Uint8ClampedArray],
}

/** How deep values may be nested: one may take three levels of JSON, of which {@link DEEPEST_JSON} are read. */
const DEEPEST_VALUE = Math.floor(DEEPEST_JSON / 3) - 1

/** What {@link encodeValue} gives: JSON, and the arrays that it names. */
export interface EncodedValue {
  readonly json: unknown
  readonly arrays: ReadonlyMap<string, SavedArray>
}

/**
 * Decodes a value, in slices between which the event loop runs. What appears in several places stays one object, also in a cycle.
 *
 * @param nameOf the name of the place at the end of a path, for arrays and errors
 * @throws UnsavableValueError
 */
export async function encodeValue(
  value: unknown,
  nameOf: (path: readonly string[]) => string = path => path.join('.'),
): Promise<EncodedValue> {
  const encoder = new ValueEncoder(nameOf)
  return { json: await encoder.encode(value, []), arrays: encoder.arrays }
}

/**
 * The value that was made out, made in slices between which the event loop runs.
 *
 * @throws Error for JSON that {@link encodeValue} has not made, or kinds that are not known
 */
export async function decodeValue({ json, arrays }: EncodedValue): Promise<unknown> {
  const decoder = new ValueDecoder(arrays)
  try {
    return await runInSlices(decoder.decode(json))
  } catch (error) {
    // Nobody has them yet who could give them back.
    disposeAll(decoder.met)
    throw error
  }
}

class ValueEncoder {
  readonly arrays = new Map<string, SavedArray>()
  /** Objects in the order in which they were met. */
  private readonly met = new Map<object, number>()
  private depth = 0
  private readonly slice = new TimeSlice()

  constructor(private readonly nameOf: (path: readonly string[]) => string) {}

  async encode(value: unknown, path: readonly string[]): Promise<unknown> {
    if (this.slice.isOver) await this.slice.next()
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (value === undefined) return { [MARK]: 'undefined' }
    if (typeof value === 'bigint') return { [MARK]: 'bigint', value: this.digitsOf(value, path) }
    if (typeof value === 'number') {
      if (Number.isFinite(value) && !Object.is(value, -0)) return value
      return { [MARK]: 'number', value: Object.is(value, -0) ? '-0' : String(value) }
    }
    if (typeof value !== 'object') throw new UnsavableValueError(this.nameOf(path), value)
    const known = this.met.get(value)
    if (known !== undefined) return { [MARK]: 'ref', id: known }
    this.met.set(value, this.met.size)
    if (this.depth >= DEEPEST_VALUE) {
      throw new UnsavableValueError(this.nameOf(path), value, new Error(`it is nested more than ${DEEPEST_VALUE} deep`))
    }
    this.depth++
    const encoded = await this.encodeObject(value, path)
    this.depth--
    return encoded
  }

  /** @throws UnsavableValueError for more digits than are read */
  private digitsOf(value: bigint, path: readonly string[]): string {
    const digits = String(value)
    if (digits.length <= MOST_DIGITS) return digits
    throw new UnsavableValueError(this.nameOf(path), value, new Error(`it has more than ${MOST_DIGITS} digits`))
  }

  private async encodeObject(value: object, path: readonly string[]): Promise<unknown> {
    if (value instanceof SavedArray) return { [MARK]: 'array', name: this.addArray(value, path) }
    if (Array.isArray(value)) return this.encodeAll(value, path)
    if (value instanceof Map) {
      const entries = await this.encodeAll([...value].flat(), path)
      return { [MARK]: 'map', entries }
    }
    if (value instanceof Set) return { [MARK]: 'set', members: await this.encodeAll([...value], path) }
    const kind = valueKindOf(value)
    if (kind)
      return { [MARK]: 'kind', kind: kind.name, value: await this.encode(await this.save(kind, value, path), path) }
    if (ArrayBuffer.isView(value)) return this.encodeTypedArray(value, path)
    if (!isPlainObject(value)) throw new UnsavableValueError(this.nameOf(path), value)
    const entries: Record<string, unknown> = Object.create(null)
    for (const [key, member] of Object.entries(value)) entries[key] = await this.encode(member, [...path, key])
    return MARK in entries || '__proto__' in entries ? { [MARK]: 'object', entries: Object.entries(entries) } : entries
  }

  /** What makes a value out. @throws UnsavableValueError for one that cannot say it, such as a tensor that was disposed */
  private async save(kind: ValueKind, value: object, path: readonly string[]): Promise<unknown> {
    try {
      return await kind.save(value)
    } catch (cause) {
      throw new UnsavableValueError(this.nameOf(path), value, cause)
    }
  }

  private async encodeAll(values: readonly unknown[], path: readonly string[]): Promise<unknown[]> {
    const encoded: unknown[] = []
    for (const [i, member] of values.entries()) encoded.push(await this.encode(member, [...path, String(i)]))
    return encoded
  }

  private encodeTypedArray(value: ArrayBufferView, path: readonly string[]): unknown {
    const { name } = value.constructor
    const type = ARRAYS[name]
    if (type === undefined) throw new UnsavableValueError(this.nameOf(path), value)
    const { length } = value as TypedArray // By its class.
    return { [MARK]: 'typed', type: name, name: this.addArray(new SavedArray(type[0], [length], value), path) }
  }

  /** The name of an array in the file: its place in the state. */
  private addArray(array: SavedArray, path: readonly string[]): string {
    const place = this.nameOf(path)
    let name = place
    for (let i = 2; this.arrays.has(name); i++) name = `${place}#${i}`
    this.arrays.set(name, array)
    return name
  }
}

/** A loop that yields between pieces. */
type Loop<T> = Generator<void, T, void>

/** Members that are decoded between two yields. */
const PIECE = 1024

class ValueDecoder {
  /** Objects in the order in which they were met. */
  readonly met: unknown[] = []
  /** Names of arrays that are part of a value. */
  private readonly taken = new Set<string>()
  /** Values of a kind that are not complete yet, by their places among those met. */
  private readonly unfinished = new Set<number>()
  private count = 0

  constructor(private readonly arrays: ReadonlyMap<string, SavedArray>) {}

  /** The loop that makes a value, in pieces. */
  *decode(json: unknown): Loop<unknown> {
    if (typeof json !== 'object' || json === null) return json
    if (Array.isArray(json)) return yield* this.fill(this.meet([]), json)
    const node = json as Readonly<Record<string, unknown>>
    if (!Object.hasOwn(node, MARK)) return yield* this.decodeEntries(Object.entries(node))
    switch (node[MARK]) {
      case 'undefined':
        return undefined
      case 'bigint':
        return this.bigint(node['value'])
      case 'number':
        return this.number(node['value'])
      case 'ref':
        return this.metBefore(node['id'])
      case 'object':
        return yield* this.decodeEntries(node['entries'] as [string, unknown][])
      case 'map': {
        const map = this.meet(new Map<unknown, unknown>())
        const flat = yield* this.fill([], node['entries'] as unknown[])
        for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1])
        // The value that a key had before would belong to nobody.
        if (2 * map.size !== flat.length) throw new Error('a map has a key twice')
        return map
      }
      case 'set': {
        const set = this.meet(new Set<unknown>())
        for (const member of yield* this.fill([], node['members'] as unknown[])) set.add(member)
        return set
      }
      case 'array':
        return this.meet(this.array(node))
      case 'typed':
        return this.meet(this.typedArray(node))
      case 'kind':
        return yield* this.decodeKind(node)
      default:
        throw new Error(`${printableValue(node[MARK])} is not a kind of value`)
    }
  }

  private metBefore(id: unknown): unknown {
    if (typeof id === 'number' && Object.hasOwn(this.met, id) && !this.unfinished.has(id)) return this.met[id]
    throw new Error(`it refers to a value that it does not hold, ${printableValue(id)}`)
  }

  private number(value: unknown): number {
    if (typeof value === 'string' && UNUSUAL_NUMBERS.includes(value)) return Number(value)
    throw new Error(`${printableValue(value)} is not a number`)
  }

  private bigint(value: unknown): bigint {
    if (typeof value === 'string' && value.length <= MOST_DIGITS && /^-?\d+$/.test(value)) return BigInt(value)
    throw new Error(`${printableValue(value)} is not a whole number of at most ${MOST_DIGITS} digits`)
  }

  /** Takes its place in the order of objects before its members do. */
  private meet<T>(value: T): T {
    this.met.push(value)
    return value
  }

  private *fill(target: unknown[], members: readonly unknown[]): Loop<unknown[]> {
    for (const member of members) target.push(yield* this.decodeMember(member))
    return target
  }

  /** Decodes a member, and yields now and then. */
  private *decodeMember(member: unknown): Loop<unknown> {
    if (++this.count % PIECE === 0) yield
    return yield* this.decode(member)
  }

  private *decodeEntries(entries: readonly [string, unknown][]): Loop<Record<string, unknown>> {
    const target = this.meet<Record<string, unknown>>({})
    for (const [key, member] of entries) {
      if (Object.hasOwn(target, key)) throw new Error('an object has a key twice')
      setOwn(target, key, yield* this.decodeMember(member))
    }
    return target
  }

  private *decodeKind(node: Readonly<Record<string, unknown>>): Loop<object> {
    const place = this.met.push(undefined) - 1
    const name = node['kind']
    const kind = typeof name === 'string' ? valueKindNamed(name) : undefined
    if (kind === undefined) throw new Error(`values of the kind ${printableValue(name)} are not known here`)
    this.unfinished.add(place)
    const value = kind.load(yield* this.decode(node['value']))
    this.unfinished.delete(place)
    this.met[place] = value
    return value
  }

  private array({ name }: Readonly<Record<string, unknown>>): SavedArray {
    const array = typeof name === 'string' ? this.arrays.get(name) : undefined
    if (typeof name !== 'string' || array === undefined) throw new Error(`the array ${printableValue(name)} is missing`)
    // Each copy of it takes memory: naming a large array again and again would fill it.
    if (this.taken.has(name)) throw new Error(`the array ${printableValue(name)} is used twice`)
    this.taken.add(name)
    return array
  }

  private typedArray(node: Readonly<Record<string, unknown>>): TypedArray {
    const name = node['type']
    const [dtype, type] = (typeof name === 'string' && Object.hasOwn(ARRAYS, name) && ARRAYS[name]) || []
    const { data, dtype: found } = this.array(node)
    if (type === undefined || found !== dtype)
      throw new Error(`${printableValue(node['name'])} is not a ${printableValue(name)}`)
    // A copy, which begins at a multiple of its elements' size.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    return new type(bytes.buffer)
  }
}
