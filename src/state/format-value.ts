/** How values of a state are printed: tensors by dtype and shape, never by their numbers. */
import { classNameOf } from '../format/class-name'

interface TensorLike {
  readonly shape: readonly number[]
  readonly dtype: string
}

/** Whether a value is a tensor of any library. */
export function isTensorLike(value: unknown): value is TensorLike {
  return (
    typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value && Array.isArray(value.shape)
  )
}

/** One value on one line. */
export function formatValue(value: unknown): string {
  return format(value, [])
}

function format(value: unknown, around: readonly object[]): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return `[${value.name || 'function'}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (isTensorLike(value)) return `Tensor(dtype=${value.dtype}, shape=[${value.shape.join(', ')}])`
  if (ArrayBuffer.isView(value)) return `${classNameOf(value)}(${value.byteLength} bytes)`
  if (around.includes(value)) return '[circular]'
  const inside = [...around, value]
  if (Array.isArray(value)) {
    // Tensors of one list are alike.
    if (isTensorLike(value[0])) return `[${format(value[0], inside)}, …]`
    return `[${value.map(member => format(member, inside)).join(', ')}]`
  }
  if (Object.getPrototypeOf(value) !== Object.prototype)
    return `${value.constructor === undefined ? 'object' : classNameOf(value)} {…}`
  const members = Object.entries(value).map(([name, member]) => `${name}: ${format(member, inside)}`)
  return `{${members.join(', ')}}`
}
