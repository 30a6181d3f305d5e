/** The loops that draw random numbers, in pieces between which the event loop may run. */
import { inPieces } from '../../src/runtime/time-slice'
import { InvalidDrawError } from './invalid-draw-error'
import { fillNormal, fillNormalInPieces, fillUniform } from './large-draws'
import type { MersenneTwister } from './mersenne-twister'
import { noiseKernel } from './noise-kernel'
import { roundToBFloat16, roundToFloat16 } from './rounding'

/** The float types whose numbers PyTorch draws. The 16-bit ones differ from float32 by rounding, and in large normal draws. */
export type GeneratorDType = 'float32' | 'float64' | 'float16' | 'bfloat16'

/** Spans of this size and more are drawn from 64 bits instead of 32. */
const LARGE_SPAN = 2 ** 28

/** Fills an array with uniform numbers, in pieces. */
export function* uniformLoop<T extends Float32Array | Float64Array>(
  values: T,
  dtype: GeneratorDType,
  engine: MersenneTwister,
): Generator<void, T, void> {
  yield* inPieces(values.length, (begin, end) => {
    const piece = values.subarray(begin, end)
    fillUniform(piece, engine)
    roundValues(piece, dtype)
    // What the 16-bit types round up to 1 is 0 in PyTorch.
    for (let i = 0; i < piece.length; i++) if (piece[i] === 1) piece[i] = 0
  })
  return values
}

/** Draws whole numbers, in pieces. @throws InvalidDrawError for impossible bounds */
export function* integerLoop(
  low: number | bigint,
  high: number | bigint,
  count: number,
  engine: MersenneTwister,
): Generator<void, Float64Array | BigInt64Array, void> {
  if (typeof low === 'bigint' && typeof high === 'bigint') {
    const span = high - low
    const isInt64 = (value: bigint) => BigInt.asIntN(64, value) === value
    if (![low, high].every(isInt64) || span <= 0n) throw impossibleBounds(low, high)
    const values = new BigInt64Array(count)
    yield* inPieces(count, (begin, end) => {
      for (let i = begin; i < end; i++)
        values[i] = low + ((span < LARGE_SPAN ? BigInt(engine.next32()) : next64(engine)) % span)
    })
    return values
  }
  const [first, last] = [Number(low), Number(high)]
  const span = last - first
  if (![first, last, span].every(Number.isSafeInteger) || span <= 0) throw impossibleBounds(first, last)
  const values = new Float64Array(count)
  yield* inPieces(count, (begin, end) => {
    for (let i = begin; i < end; i++)
      values[i] = first + (span < LARGE_SPAN ? engine.next32() % span : Number(next64(engine) % BigInt(span)))
  })
  return values
}

function next64(engine: MersenneTwister): bigint {
  const high = engine.next32()
  return (BigInt(high) << 32n) | BigInt(engine.next32())
}

/** Fills an array of at least a block with normal numbers, in pieces. */
export function* largeNormalLoop(
  values: Float32Array | Float64Array,
  dtype: GeneratorDType,
  engine: MersenneTwister,
): IterableIterator<void> {
  const kernel = dtype === 'float32' ? noiseKernel() : undefined
  if (kernel && values instanceof Float32Array) {
    yield* fillNormalInPieces(values, piece => kernel.fillNormal(piece, engine))
    return
  }
  // PyTorch draws uniform numbers for the rest beyond the blocks too; but not so for the 16-bit types.
  const drawsRest = dtype === 'float32' || dtype === 'float64'
  yield* fillNormalInPieces(values, piece => fillNormal(piece, engine, { drawsRest }))
  if (!drawsRest) yield* inPieces(values.length, (begin, end) => roundValues(values.subarray(begin, end), dtype))
}

function impossibleBounds(low: number | bigint, high: number | bigint): InvalidDrawError {
  return new InvalidDrawError(`randint needs whole numbers low < high, but got low ${low} and high ${high}.`)
}

/** The number of elements of a shape. @throws InvalidDrawError if a dimension is not a whole number of at least 0 */
export function elementCount(shape: readonly number[]): number {
  if (!shape.every(size => Number.isSafeInteger(size) && size >= 0)) {
    throw new InvalidDrawError(`A shape needs whole numbers of at least 0, but is [${shape.join(', ')}].`)
  }
  return shape.reduce((product, size) => product * size, 1)
}

/** Makes room for the numbers of a shape. @throws InvalidDrawError */
export function makeValues(shape: readonly number[], dtype: GeneratorDType): Float32Array | Float64Array {
  return dtype === 'float64' ? new Float64Array(elementCount(shape)) : new Float32Array(elementCount(shape))
}

/** Rounds numbers to those that a type of 16 bits has. */
export function roundValues(values: Float32Array | Float64Array, dtype: GeneratorDType): void {
  if (dtype === 'float16') for (let i = 0; i < values.length; i++) values[i] = roundToFloat16(values[i] as number)
  if (dtype === 'bfloat16') for (let i = 0; i < values.length; i++) values[i] = roundToBFloat16(values[i] as number)
}
