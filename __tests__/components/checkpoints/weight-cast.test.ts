import type { TensorInfo } from '../../../components/checkpoints/checkpoint'
import { WeightCast } from '../../../components/checkpoints/weight-cast'
import { fromFloat32, roundFloat32, toFloat32 } from '../../../components/checkpoints/weight-dtypes'

const stored = (dtype: TensorInfo['dtype']): TensorInfo => ({ dtype, shape: [1], file: '', begin: 0, end: 4 })

/** What PyTorch gives for 1.001 as float16, and for that as bfloat16. */
const [VALUE, AS_HALF, AS_BFLOAT] = [Math.fround(1.001), 1.0009765625, 1]

describe('a cast of weights', () => {
  test.each([
    ['F32', ['F16'], AS_HALF, 'F16'],
    ['F32', ['BF16'], AS_BFLOAT, 'BF16'],
    ['F32', ['F16', 'F32'], AS_HALF, 'F32'],
    ['F32', ['F16', 'BF16', 'F64'], AS_BFLOAT, 'F64'],
    ['F32', ['F32'], VALUE, 'F32'],
    ['F64', ['F16'], AS_HALF, 'F16'],
  ] as const)('of %s to %p gives %d of type %s', (from, targets, value, dtype) => {
    const cast = targets.reduce((cast, target) => cast.to(target), WeightCast.of(stored(from)))
    expect(cast.apply(Float32Array.of(VALUE))).toEqual(Float32Array.of(value))
    expect(cast.dtype).toBe(dtype)
  })

  test('keeps the bytes of the file only where nothing is cast', () => {
    expect(WeightCast.of(stored('F16')).keepsBytes).toBe(true)
    expect(WeightCast.of(stored('F16')).to('F16').keepsBytes).toBe(true)
    expect(WeightCast.of(stored('F16')).to('F32').keepsBytes).toBe(false)
    expect(WeightCast.of(stored('F32')).to('F16').to('F32').keepsBytes).toBe(false)
    expect(WeightCast.of(undefined).keepsBytes).toBe(false)
  })

  test('rounds no number that the type already has', () => {
    expect(WeightCast.of(stored('F16')).to('F32').to('F16').roundings).toEqual([])
    expect(WeightCast.of(stored('F32')).to('F16').to('F32').to('F16').roundings).toEqual(['F16'])
  })
})

test.each(['F16', 'BF16'] as const)('rounding to %s is what storing as such and reading again does', dtype => {
  const values = Float32Array.of(0, -0, 1.001, 65519, 65520, -1e30, 6.1e-5, 5.9e-8, 2.9e-8, Number.NaN, 3.3895e38)
  const half = fromFloat32(dtype, values) as Uint16Array
  expect(roundFloat32(dtype, values)).toEqual(toFloat32(dtype, half.buffer as ArrayBuffer))
  expect(values[2]).toBe(VALUE)
})
