/** Makes a text and arrays of numbers out of the values of a state, and back. */
import { UnsavableValueError } from '../errors/state-file-errors'
import { disposeAll } from '../runtime/resources'
import { type ArrayDType, SavedArray } from './saved-array'
import { type ValueKind, valueKindNamed, valueKindOf } from './value-kinds'

/** Marks objects in the text that stand for something else. A plain object with this key is marked as well. */
const MARK = '$'

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

/** What {@link encodeValue} gives: JSON, and the arrays that it names. */
export interface EncodedValue {
  readonly json: unknown
  readonly arrays: ReadonlyMap<string, SavedArray>
}

/**
 * Makes a value out. What stands in several places stays one thing, also in a circle.
 *
 * @param nameOf the name of the place at the end of a path, for arrays and errors
 * @throws UnsavableValueError
 */
export async function encodeValue(
  value: unknown,
  nameOf: (path: readonly string[]) => string = path => path.join('.'),
): Promise<EncodedValue> {
  const encoder = new Encoder(nameOf)
  return { json: await encoder.encode(value, []), arrays: encoder.arrays }
}

/**
 * The value that was made out.
 *
 * @throws Error for JSON that {@link encodeValue} has not made, or kinds that are not known
 */
export function decodeValue({ json, arrays }: EncodedValue): unknown {
  const decoder = new Decoder(arrays)
  try {
    return decoder.decode(json)
  } catch (error) {
    // Nobody has them yet who could give them back.
    disposeAll(decoder.met)
    throw error
  }
}

class Encoder {
  readonly arrays = new Map<string, SavedArray>()
  /** Objects in the order in which they were met. */
  private readonly met = new Map<object, number>()

  constructor(private readonly nameOf: (path: readonly string[]) => string) {}

  async encode(value: unknown, path: readonly string[]): Promise<unknown> {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (value === undefined) return { [MARK]: 'undefined' }
    if (typeof value === 'bigint') return { [MARK]: 'bigint', value: String(value) }
    if (typeof value === 'number') {
      if (Number.isFinite(value) && !Object.is(value, -0)) return value
      return { [MARK]: 'number', value: Object.is(value, -0) ? '-0' : String(value) }
    }
    if (typeof value !== 'object') throw new UnsavableValueError(this.nameOf(path), value)
    const known = this.met.get(value)
    if (known !== undefined) return { [MARK]: 'ref', id: known }
    this.met.set(value, this.met.size)
    return this.encodeObject(value, path)
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
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) throw new UnsavableValueError(this.nameOf(path), value)
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

  /** The name of an array in the file: where it stands in the state. */
  private addArray(array: SavedArray, path: readonly string[]): string {
    const place = this.nameOf(path)
    let name = place
    for (let i = 2; this.arrays.has(name); i++) name = `${place}#${i}`
    this.arrays.set(name, array)
    return name
  }
}

class Decoder {
  /** Objects in the order in which they were met. */
  readonly met: unknown[] = []

  constructor(private readonly arrays: ReadonlyMap<string, SavedArray>) {}

  decode(json: unknown): unknown {
    if (typeof json !== 'object' || json === null) return json
    if (Array.isArray(json)) return this.fill(this.meet([]), json)
    const node = json as Readonly<Record<string, unknown>>
    if (!Object.hasOwn(node, MARK)) return this.decodeEntries(Object.entries(node))
    switch (node[MARK]) {
      case 'undefined':
        return undefined
      case 'bigint':
        return BigInt(String(node['value']))
      case 'number':
        return Number(node['value'])
      case 'ref':
        return this.met[Number(node['id'])]
      case 'object':
        return this.decodeEntries(node['entries'] as [string, unknown][])
      case 'map': {
        const map = this.meet(new Map<unknown, unknown>())
        const flat = this.fill([], node['entries'] as unknown[])
        for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1])
        return map
      }
      case 'set': {
        const set = this.meet(new Set<unknown>())
        for (const member of this.fill([], node['members'] as unknown[])) set.add(member)
        return set
      }
      case 'array':
        return this.meet(this.array(node))
      case 'typed':
        return this.meet(this.typedArray(node))
      case 'kind':
        return this.decodeKind(node)
      default:
        throw new Error(`"${String(node[MARK])}" is no kind of value`)
    }
  }

  /** Takes its place in the order of objects before its members do. */
  private meet<T>(value: T): T {
    this.met.push(value)
    return value
  }

  private fill(target: unknown[], members: readonly unknown[]): unknown[] {
    for (const member of members) target.push(this.decode(member))
    return target
  }

  private decodeEntries(entries: readonly [string, unknown][]): Record<string, unknown> {
    const target = this.meet<Record<string, unknown>>({})
    for (const [key, member] of entries) {
      // Not by assignment, which would take "__proto__" for something else.
      Object.defineProperty(target, key, {
        value: this.decode(member),
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    return target
  }

  private decodeKind(node: Readonly<Record<string, unknown>>): object {
    const place = this.met.push(undefined) - 1
    const name = String(node['kind'])
    const kind = valueKindNamed(name)
    if (kind === undefined) throw new Error(`values of the kind "${name}" are not known here`)
    const value = kind.load(this.decode(node['value']))
    this.met[place] = value
    return value
  }

  private array({ name }: Readonly<Record<string, unknown>>): SavedArray {
    const array = this.arrays.get(String(name))
    if (array === undefined) throw new Error(`the array "${String(name)}" is missing`)
    return array
  }

  private typedArray(node: Readonly<Record<string, unknown>>): TypedArray {
    const [dtype, type] = ARRAYS[String(node['type'])] ?? []
    const { data, dtype: found } = this.array(node)
    if (type === undefined || found !== dtype)
      throw new Error(`"${String(node['name'])}" is no ${String(node['type'])}`)
    // A copy, which begins at a multiple of its elements' size.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    return new type(bytes.buffer)
  }
}
