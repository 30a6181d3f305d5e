import fc from 'fast-check'
import { fromFloat32, toFloat32 } from '../../../components/checkpoints/weight-dtypes'
import { roundToBFloat16, roundToFloat16 } from '../../../components/random/rounding'

/** Every pattern of 16 bits. */
const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i)

describe('fromFloat32', () => {
  test.each(['F16', 'BF16'] as const)('returns every number that %s holds', dtype => {
    const values = toFloat32(dtype, patterns.slice().buffer) as Float32Array
    const encoded = fromFloat32(dtype, values) as Uint16Array
    for (const [i, pattern] of patterns.entries()) {
      if (Number.isNaN(values[i])) expect(toFloat32(dtype, encoded.slice(i, i + 1).buffer)?.[0]).toBeNaN()
      else if (encoded[i] !== pattern) throw new Error(`${pattern} became ${encoded[i]}`)
    }
  })

  test.each([
    ['F16', roundToFloat16, 65504],
    ['BF16', roundToBFloat16, 3e38],
  ] as const)('rounds to the nearest %s', (dtype, round, largest) => {
    fc.assert(
      fc.property(fc.float({ min: -Math.fround(largest), max: Math.fround(largest), noNaN: true }), value => {
        const encoded = fromFloat32(dtype, Float32Array.of(value)) as Uint16Array
        // Equal as numbers: the rounding of random draws knows no -0.
        expect(toFloat32(dtype, encoded.slice().buffer)?.[0] === round(value)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('makes what is too large for float16 infinite', () => {
    const values = Float32Array.of(65519, 65520, 1e30, -1e30, Infinity)
    const encoded = fromFloat32('F16', values) as Uint16Array
    expect([...(toFloat32('F16', encoded.slice().buffer) as Float32Array)]).toEqual([
      65504,
      Infinity,
      Infinity,
      -Infinity,
      Infinity,
    ])
  })
})
