/** The element types of weights: their sizes, and how the float types become float32. */
import { inPieces, runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import { BLOCK_SIZES, isBlockDType } from './block-dtypes'
import type { RowDType, StoredDType, WeightDType } from './checkpoint'
import { blocksToFloat32Loop } from './decode-blocks'
import { float8Loop, isFloat8DType } from './float8'
import { float16Values } from './float16-values'

const BYTES: Readonly<Record<WeightDType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
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

/** Bytes of that many elements; not a whole number for elements that fill no whole number of blocks. */
export function bytesOfElements(dtype: StoredDType, count: number): number {
  if (isRowDType(dtype)) return dtype === 'I8_ROWS' ? count : count / 2
  if (!isBlockDType(dtype)) return count * BYTES[dtype]
  const { elements, bytes } = BLOCK_SIZES[dtype]
  return (count / elements) * bytes
}

/** float16 bit patterns as the numbers they stand for. Exact. */
function float16ToFloat32(bits: Uint16Array): Float32Array {
  return runAtOnce(float16Loop(bits))
}

function* float16Loop(bits: Uint16Array): Generator<void, Float32Array, void> {
  const table = float16Values()
  const values = new Float32Array(bits.length)
  yield* inPieces(bits.length, (begin, end) => {
    for (let i = begin; i < end; i++) values[i] = table[bits[i] as number] as number
  })
  return values
}

/** bfloat16 bit patterns as the numbers they stand for. Exact: bfloat16 is the upper half of a float32. */
function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  return runAtOnce(bfloat16Loop(bits))
}

function* bfloat16Loop(bits: Uint16Array): Generator<void, Float32Array, void> {
  const values = new Uint32Array(bits.length)
  yield* inPieces(bits.length, (begin, end) => {
    for (let i = begin; i < end; i++) values[i] = (bits[i] as number) << 16
  })
  return new Float32Array(values.buffer)
}

function* float64Loop(numbers: Float64Array): Generator<void, Float32Array, void> {
  const values = new Float32Array(numbers.length)
  yield* inPieces(numbers.length, (begin, end) => values.set(numbers.subarray(begin, end), begin))
  return values
}

function* int8Loop(integers: Int8Array): Generator<void, Float32Array, void> {
  const values = new Float32Array(integers.length)
  yield* inPieces(integers.length, (begin, end) => values.set(integers.subarray(begin, end), begin))
  return values
}

/** Two integers of each byte, the one of the lower bits first. 8 stands for zero. */
function* int4Loop(bytes: Uint8Array): Generator<void, Float32Array, void> {
  const values = new Float32Array(2 * bytes.length)
  yield* inPieces(bytes.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const byte = bytes[i] as number
      values[2 * i] = (byte & 15) - 8
      values[2 * i + 1] = (byte >> 4) - 8
    }
  })
  return values
}

/** The bytes of a tensor of floats as float32; `undefined` for one that holds something else. */
export function toFloat32(dtype: StoredDType, bytes: ArrayBuffer): Float32Array | undefined {
  return runAtOnce(toFloat32Loop(dtype, bytes))
}

/** The numbers of {@link toFloat32}, computed in slices between which the event loop runs. */
export function toFloat32Async(dtype: StoredDType, bytes: ArrayBuffer): Promise<Float32Array | undefined> {
  return runInSlices(toFloat32Loop(dtype, bytes))
}

function* toFloat32Loop(dtype: StoredDType, bytes: ArrayBuffer): Generator<void, Float32Array | undefined, void> {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes)
    case 'F16':
      return yield* float16Loop(new Uint16Array(bytes))
    case 'BF16':
      return yield* bfloat16Loop(new Uint16Array(bytes))
    case 'F64':
      return yield* float64Loop(new Float64Array(bytes))
    case 'F8_E4M3':
    case 'F8_E5M2':
      return yield* float8Loop(dtype, new Uint8Array(bytes))
    case 'I8_ROWS':
      return yield* int8Loop(new Int8Array(bytes))
    case 'I4_ROWS':
      return yield* int4Loop(new Uint8Array(bytes))
    default:
      return isBlockDType(dtype) ? yield* blocksToFloat32Loop(dtype, new Uint8Array(bytes)) : undefined
  }
}

/** Whether a type holds floats that models compute with as they are in a file. */
export function isFloatDType(dtype: StoredDType): dtype is FloatDType {
  return dtype === 'F64' || dtype === 'F32' || dtype === 'F16' || dtype === 'BF16'
}

/** Whether a type holds floats, as they are or so that they have to be decoded. */
export function holdsFloats(dtype: StoredDType): boolean {
  return isFloatDType(dtype) || isQuantizedDType(dtype)
}

/** Whether a type holds floats that have to be decoded: 8-bit floats, blocks, and rows of integers. */
export function isQuantizedDType(dtype: StoredDType): boolean {
  return isFloat8DType(dtype) || isBlockDType(dtype) || isRowDType(dtype)
}

/** Whether a type holds rows of integers with scales. */
export function isRowDType(dtype: StoredDType): dtype is RowDType {
  return dtype === 'I8_ROWS' || dtype === 'I4_ROWS'
}

/** The types of floats. */
export type FloatDType = 'F64' | 'F32' | 'F16' | 'BF16'

/** The types of floats of half the size of float32. */
export type HalfDType = 'F16' | 'BF16'

/** Whether a type is one of half precision. */
export function isHalfDType(dtype: StoredDType): dtype is HalfDType {
  return dtype === 'F16' || dtype === 'BF16'
}

/** PyTorch's names of the types of floats. */
export const TORCH_DTYPES = { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const

/** The type of floats by PyTorch's name. */
export function floatDType(name: (typeof TORCH_DTYPES)[FloatDType]): FloatDType {
  const dtypes = { float64: 'F64', float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const
  return dtypes[name]
}

/** Numbers as a type of floats, rounded to the nearest, ties to even: the counterpart of {@link toFloat32}. */
export function fromFloat32(dtype: FloatDType, values: Float32Array): Float64Array | Float32Array | Uint16Array {
  switch (dtype) {
    case 'F64':
      return Float64Array.from(values)
    case 'F32':
      return values
    case 'F16':
      return halfBits(values, float16Bits)
    case 'BF16':
      return halfBits(values, bfloat16Bits)
  }
}

function halfBits(values: Float32Array, round: (bits: number) => number): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const half = new Uint16Array(values.length)
  for (let i = 0; i < half.length; i++) half[i] = round(bits[i] as number)
  return half
}

/** Numbers rounded to those that a type of half precision has: the nearest, ties to even. What is too large becomes infinite. */
export function roundFloat32(dtype: HalfDType, values: Float32Array): Float32Array {
  const half = fromFloat32(dtype, values) as Uint16Array
  return dtype === 'F16' ? float16ToFloat32(half) : bfloat16ToFloat32(half)
}

/** The float16 nearest to the float32 of a bit pattern. What is too large becomes infinite. */
function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  // 65520 and more are nearer to what would follow on the largest float16.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  // Below the smallest normal float16 all steps are of one size, 2^-24.
  if (magnitude < 0x38800000) {
    const steps =
      magnitude === 0 ? 0 : (2 ** ((magnitude >>> 23) - 127 + 24) * (0x800000 | (magnitude & 0x7fffff))) / 0x800000
    return sign | roundToEven(steps)
  }
  const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)
  return sign | (rounded >>> 13)
}

function bfloat16Bits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
