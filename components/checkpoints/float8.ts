/** Floats of 8 bits: E4M3 in the form without infinities that PyTorch calls `float8_e4m3fn`, and E5M2. https://arxiv.org/abs/2209.05433 */
import { inPieces } from '../../src/runtime/time-slice'
import type { StoredDType } from './checkpoint'
import { float16Values } from './float16-values'

/** The types of 8-bit floats. */
export type Float8DType = 'F8_E4M3' | 'F8_E5M2'

/** Whether a type is one of 8-bit floats. */
export function isFloat8DType(dtype: StoredDType): dtype is Float8DType {
  return dtype === 'F8_E4M3' || dtype === 'F8_E5M2'
}

/** The value of every code, made when first needed. */
const values = new Map<Float8DType, Float32Array>()

/** Codes as the numbers they stand for. Exact. */
export function* float8Loop(dtype: Float8DType, codes: Uint8Array): Generator<void, Float32Array, void> {
  const table = values.get(dtype) ?? Float32Array.from({ length: 256 }, (_, code) => valueOfCode(dtype, code))
  values.set(dtype, table)
  const decoded = new Float32Array(codes.length)
  yield* inPieces(codes.length, (begin, end) => {
    for (let i = begin; i < end; i++) decoded[i] = table[codes[i] as number] as number
  })
  return decoded
}

function valueOfCode(dtype: Float8DType, code: number): number {
  // E5M2 is the upper half of a float16.
  if (dtype === 'F8_E5M2') return float16Values()[code << 8] as number
  const sign = code & 0x80 ? -1 : 1
  const exponent = (code >> 3) & 15
  const fraction = code & 7
  if (exponent === 15 && fraction === 7) return Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (8 + fraction) * 2 ** (exponent - 10)
}
