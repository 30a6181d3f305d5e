/** The element types of weights: their sizes, and how the float types become float32. */
import type { WeightDType } from './checkpoint'

const BYTES: Readonly<Record<WeightDType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
}

/** The names of all element types. */
export const WEIGHT_DTYPES = Object.keys(BYTES) as readonly WeightDType[]

/** Whether a value from a header names an element type. */
export function isWeightDType(value: unknown): value is WeightDType {
  return typeof value === 'string' && Object.hasOwn(BYTES, value)
}

/** Bytes of one element. */
export function bytesPerElement(dtype: WeightDType): number {
  return BYTES[dtype]
}

/** The value of every float16 bit pattern (IEEE 754 binary16), made when first needed. */
let float16Values: Float32Array | undefined

function makeFloat16Values(): Float32Array {
  const values = new Float32Array(65536)
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    if (exponent === 31) values[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
    else if (exponent === 0) values[bits] = sign * fraction * 2 ** -24
    else values[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25)
  }
  return values
}

/** float16 bit patterns as the numbers they stand for. Exact. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  float16Values ??= makeFloat16Values()
  const values = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) values[i] = float16Values[bits[i] as number] as number
  return values
}

/** bfloat16 bit patterns as the numbers they stand for. Exact: bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const values = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) values[i] = (bits[i] as number) << 16
  return new Float32Array(values.buffer)
}

/** The bytes of a tensor of floats as float32; `undefined` for one that holds something else. */
export function toFloat32(dtype: WeightDType, bytes: ArrayBuffer): Float32Array | undefined {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes)
    case 'F16':
      return float16ToFloat32(new Uint16Array(bytes))
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(bytes))
    case 'F64':
      return Float32Array.from(new Float64Array(bytes))
    default:
      return undefined
  }
}
