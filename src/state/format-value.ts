/** How values of a state are printed: tensors by dtype and shape, never by their numbers, and whatever a file holds in a bounded length. */

import { printableName } from '../errors/printable'
import { classNameOf } from '../format/class-name'
import { isPlainObject } from '../format/plain-object'

/** Characters of a value, and of a text inside of it, that are printed. */
const LONGEST_VALUE = 2000
const LONGEST_TEXT = 1000

/** Values that are nested deeper are not printed. */
const DEEPEST = 20

interface ShapedValue {
  readonly shape: readonly number[]
  readonly dtype: string
}

/** Whether a value is a tensor of any library. */
export function isTensorLike(value: unknown): value is ShapedValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    'shape' in value &&
    'dtype' in value &&
    typeof value.dtype === 'string' &&
    Array.isArray(value.shape) &&
    value.shape.every(size => typeof size === 'number')
  )
}

/** One value on one line. A long one ends in `…`. */
export function formatValue(value: unknown): string {
  return new Formatter().format(value, [])
}

class Formatter {
  /** Characters that may still be printed. Values that are met again and again would otherwise multiply. */
  private free = LONGEST_VALUE

  format(value: unknown, around: readonly object[]): string {
    if (typeof value !== 'object' || value === null) return this.counted(formatPlain(value))
    if (isTensorLike(value))
      return this.counted(`Tensor(dtype=${printableName(value.dtype)}, ${shapeText(value.shape)})`)
    if (ArrayBuffer.isView(value)) return this.counted(`${classNameOf(value)}(${value.byteLength} bytes)`)
    if (around.includes(value)) return this.counted('[circular]')
    if (around.length >= DEEPEST) return this.counted('…')
    const inside = [...around, value]
    if (Array.isArray(value)) {
      // Tensors of one list are alike.
      if (isTensorLike(value[0])) return `[${this.format(value[0], inside)}, …]`
      return `[${this.all(value, member => this.format(member, inside))}]`
    }
    if (!isPlainObject(value))
      return this.counted(`${value.constructor === undefined ? 'object' : classNameOf(value)} {…}`)
    const members = Object.keys(value)
    const format = (name: string) => `${this.counted(printableName(name))}: ${this.format(value[name], inside)}`
    return `{${this.all(members, format)}}`
  }

  /** As many of the members as fit. */
  private all<T>(members: readonly T[], format: (member: T) => string): string {
    const texts: string[] = []
    for (const member of members) {
      if (this.free <= 0) {
        texts.push('…')
        break
      }
      this.free -= 2
      texts.push(format(member))
    }
    return texts.join(', ')
  }

  private counted(text: string): string {
    this.free -= text.length
    return text
  }
}

function formatPlain(value: unknown): string {
  if (typeof value === 'string') {
    const others = value.length - LONGEST_TEXT
    return others > 0 ? `${JSON.stringify(value.slice(0, LONGEST_TEXT))}… (${others} more)` : JSON.stringify(value)
  }
  return typeof value === 'function' ? `[${value.name || 'function'}]` : printableName(String(value), LONGEST_TEXT)
}

function shapeText(shape: readonly number[]): string {
  return `shape=[${printableName(shape.slice(0, 100).join(', '))}]`
}
