/** Reads values of a GGUF header one after the other. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */

/** The bytes that are there end before a value does: there may be more in the file. */
export class HeaderEnd extends Error {}

/** A value is not of the documented form. */
export class InvalidGGUFValue extends Error {}

/** A long list, of which only the length is kept: vocabularies have hundreds of thousands of entries. */
export interface OmittedList {
  readonly length: number
}

/** A value of the metadata. Integers of 64 bits beyond what a number holds exactly are `bigint`. */
export type GGUFValue = string | number | bigint | boolean | readonly GGUFValue[] | OmittedList

/** Lists with more entries than this are not kept. */
const LONGEST_LIST = 1024

/** Lists inside of lists. No program writes any. */
const DEEPEST_LIST = 4

const STRING = 8
const LIST = 9

/** Bytes of the types of one size, by their numbers. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [10, 8],
  [11, 8],
  [12, 8],
])

const exactText = new TextDecoder('utf-8', { fatal: true })
const anyText = new TextDecoder('utf-8')

/** A place in the bytes of a header. */
export class GGUFReader {
  /** Where the next value begins. */
  position = 0
  private readonly view: DataView

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  /** An unsigned integer of 64 bits; infinite for one that no number holds exactly, which is more than any file has. */
  length(): number {
    const value = Number(this.view.getBigUint64(this.take(8), true))
    return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY
  }

  /** The text of a name. @throws InvalidGGUFValue for bytes that are not UTF-8 */
  name(): string {
    const bytes = this.stringBytes()
    try {
      return exactText.decode(bytes)
    } catch {
      throw new InvalidGGUFValue('a name is not UTF-8 text')
    }
  }

  /** A value of the metadata: its type, and the value itself. @throws InvalidGGUFValue for an unknown type */
  value(): GGUFValue {
    return this.valueOfType(this.uint32(), 0)
  }

  private valueOfType(type: number, depth: number): GGUFValue {
    if (type === STRING) return anyText.decode(this.stringBytes())
    return type === LIST ? this.list(depth + 1) : this.scalar(type)
  }

  private list(depth: number): GGUFValue {
    if (depth > DEEPEST_LIST) throw new InvalidGGUFValue(`lists are nested more than ${DEEPEST_LIST} deep`)
    const type = this.uint32()
    const length = this.length()
    const isKept = length <= LONGEST_LIST
    const size = SIZES.get(type)
    if (!isKept && size !== undefined) {
      this.take(length * size)
      return { length }
    }
    const values: GGUFValue[] = []
    // Each entry takes bytes, so that no length lasts longer than the header.
    for (let i = 0; i < length; i++) {
      if (!isKept && type === STRING) this.stringBytes()
      else {
        const value = this.valueOfType(type, depth)
        if (isKept) values.push(value)
      }
    }
    return isKept ? values : { length }
  }

  private scalar(type: number): number | bigint | boolean {
    const size = SIZES.get(type)
    if (size === undefined) throw new InvalidGGUFValue(`a value has the unknown type ${type}`)
    const { view } = this
    const at = this.take(size)
    switch (type) {
      case 0:
        return view.getUint8(at)
      case 1:
        return view.getInt8(at)
      case 2:
        return view.getUint16(at, true)
      case 3:
        return view.getInt16(at, true)
      case 4:
        return view.getUint32(at, true)
      case 5:
        return view.getInt32(at, true)
      case 6:
        return view.getFloat32(at, true)
      case 7:
        return view.getUint8(at) !== 0
      case 10:
        return exactNumber(view.getBigUint64(at, true))
      case 11:
        return exactNumber(view.getBigInt64(at, true))
      default:
        return view.getFloat64(at, true)
    }
  }

  private stringBytes(): Uint8Array {
    const length = this.length()
    const at = this.take(length)
    return this.bytes.subarray(at, at + length)
  }

  /** Moves on, and returns the place before. @throws HeaderEnd if fewer bytes are left */
  private take(bytes: number): number {
    const at = this.position
    if (bytes > this.bytes.length - at) throw new HeaderEnd()
    this.position = at + bytes
    return at
  }
}

function exactNumber(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Returns a value as text: lists in brackets, of long ones the length. */
export function ggufText(value: GGUFValue): string {
  if (Array.isArray(value)) return `[${value.map(ggufText).join(', ')}]`
  return typeof value === 'object' ? `a list of ${(value as OmittedList).length} values` : String(value)
}
