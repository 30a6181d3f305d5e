/** How values of a state are printed: tensors by dtype and shape, never by their numbers. */

interface TensorLike {
  readonly shape: readonly number[]
  readonly dtype: string
}

function isTensorLike(value: unknown): value is TensorLike {
  return (
    typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value && Array.isArray(value.shape)
  )
}

function formatTensor({ dtype, shape }: TensorLike): string {
  return `Tensor(dtype=${dtype}, shape=[${shape.join(', ')}])`
}

/** One value on one line. */
export function formatValue(value: unknown): string {
  if (isTensorLike(value)) return formatTensor(value)
  if (Array.isArray(value) && isTensorLike(value[0])) return `[${formatTensor(value[0])}, …]`
  if (value === undefined) return 'undefined'
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`
  if (typeof value === 'function') return `[class ${value.name}]`
  if (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) !== Object.prototype &&
    !Array.isArray(value)
  ) {
    return `${value.constructor?.name ?? 'object'} {…}`
  }
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return '[circular]'
  }
}
