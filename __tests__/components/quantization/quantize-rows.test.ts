import { type QuantizedRows, quantizeRowsLoop } from '../../../components/quantization/quantize-rows'
import { runAtOnce } from '../../../src/runtime/time-slice'

describe('quantizeRowsLoop', () => {
  test('rounds each row to multiples of its own scale', () => {
    const { values, scales } = runAtOnce(quantizeRowsLoop(Float32Array.of(127, -64, 0.4, 12.7, -12.7, 0.05), 2)) ?? {}
    expect([...(values ?? [])]).toEqual([127, -64, 0, 127, -127, 1])
    expect(scales?.[0]).toBe(1)
    expect(scales?.[1]).toBeCloseTo(0.1)
  })

  test('is off by half a step at most', () => {
    const numbers = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i * i))
    const { values, scales } = runAtOnce(quantizeRowsLoop(numbers, 16)) as QuantizedRows
    for (const [i, number] of numbers.entries()) {
      const scale = scales[i >> 8] as number
      expect(Math.abs((values[i] as number) * scale - number)).toBeLessThanOrEqual(scale * 0.5001)
    }
  })

  test('keeps a row of zeros', () => {
    expect(runAtOnce(quantizeRowsLoop(new Float32Array(4), 2))).toEqual({
      values: new Int8Array(4),
      scales: Float32Array.of(1, 1),
    })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d', number => {
    expect(runAtOnce(quantizeRowsLoop(Float32Array.of(1, 2, number, 3), 2))).toBeUndefined()
  })
})
