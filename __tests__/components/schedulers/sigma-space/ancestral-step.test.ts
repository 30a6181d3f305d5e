import fc from 'fast-check'
import { ancestralStep } from '../../../../components/schedulers/sigma-space/ancestral-step'

const sigma = fc.double({ min: 0.03, max: 100, noNaN: true }).map(Math.fround)

test('the way down and the noise make up the next sigma, and the way down is to²/from', () => {
  fc.assert(
    fc.property(sigma, fc.double({ min: 0.1, max: 1, noNaN: true }), (from, share) => {
      const to = Math.fround(from * share)
      const { down, up } = ancestralStep(from, to)
      expect(Math.hypot(down, up) / to).toBeCloseTo(1, 5)
      expect(down / (to ** 2 / from)).toBeCloseTo(1, 3)
    }),
  )
})

test('ends without noise', () => {
  expect(ancestralStep(0.5, 0)).toEqual({ down: 0, up: 0 })
})

test('has a way down where rounding leaves none', () => {
  const { down, up } = ancestralStep(157, 0.01)
  expect([down, up]).toEqual([expect.closeTo(0.01 ** 2 / 157, 12), expect.closeTo(0.01, 8)])
  expect(down).toBeGreaterThan(0)
})
