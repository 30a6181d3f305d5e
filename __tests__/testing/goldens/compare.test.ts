import { expectClose, expectEqual } from '../../../testing/goldens/compare'

const list = (...values: number[]) => ({ shape: [values.length], values })
const exact = { atol: 0, rtol: 0 }

describe('expectClose', () => {
  test('takes what is within the tolerance: absolute, and relative to the recorded number', () => {
    expect(() => expectClose('x', list(1.05, 104), list(1, 100), { atol: 0.01, rtol: 0.05 })).not.toThrow()
    expect(() => expectClose('x', list(1.07, 104), list(1, 100), { atol: 0.01, rtol: 0.05 })).toThrow()
  })

  test('names the first element that is too far off by its index, with both values', () => {
    const got = { shape: [2, 2, 2], values: [0, 0, 0, 0, 0, 7, 8, 0] }
    const expected = { shape: [2, 2, 2], values: new Float32Array(8) }
    expect(() => expectClose('latents', got, expected, { atol: 0.5, rtol: 0 })).toThrow(
      'latents[1, 0, 1]: expected 0 (±0.5), got 7',
    )
  })

  test('refuses another shape, also one of as many elements', () => {
    const got = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }
    expect(() => expectClose('x', got, { ...got, shape: [3, 2] }, exact)).toThrow(
      'x (shape): expected [3,2], got [2,3]',
    )
  })

  test.each([
    [Number.NaN, 0],
    [0, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [1, Number.POSITIVE_INFINITY],
  ])('refuses %p for %p, whatever the tolerance', (got, expected) => {
    expect(() => expectClose('x', list(got), list(expected), { atol: 1e9, rtol: 1 })).toThrow('x[0]')
  })

  test('takes NaN for NaN, infinity for infinity, and 0 for -0', () => {
    const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    expect(() => expectClose('x', list(...numbers, 0), list(...numbers, -0), exact)).not.toThrow()
  })
})

describe('expectEqual', () => {
  test('takes equal structures, with numbers within the tolerance, and nothing for null', () => {
    const got = { a: [1, 'x', true], b: undefined, c: { d: 1.0001 } }
    expect(() =>
      expectEqual('x', got, { a: [1, 'x', true], b: null, c: { d: 1 } }, { atol: 1e-3, rtol: 0 }),
    ).not.toThrow()
  })

  test.each([
    [{ a: 1 }, { a: 2 }, 'x.a'],
    [{ a: 1 }, { b: 1 }, 'x: expected {"b":1}, got {"a":1}'],
    [[1, 2], [1], 'x: expected [1], got [1,2]'],
    [{ a: [1, { b: 'c' }] }, { a: [1, { b: 'd' }] }, 'x.a[1].b: expected "d", got "c"'],
    ['1', 1, 'x: expected 1, got "1"'],
    [null, 0, 'x: expected 0, got null'],
    [[], {}, 'x: expected {}, got []'],
  ])('refuses %j for %j', (got, expected, message) => {
    expect(() => expectEqual('x', got, expected)).toThrow(message)
  })
})
