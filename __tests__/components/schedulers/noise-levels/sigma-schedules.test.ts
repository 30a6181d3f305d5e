import fc from 'fast-check'
import {
  betaSigmas,
  exponentialSigmas,
  flowSigmas,
  karrasSigmas,
  luSigmas,
} from '../../../../components/schedulers/noise-levels/sigma-schedules'

const range = { sigmaMax: 14.6, sigmaMin: 0.03 }

test.each(Object.entries({ karrasSigmas, exponentialSigmas, luSigmas, betaSigmas }))(
  '%s falls from the largest sigma to the smallest',
  (_, schedule) => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), count => {
        const sigmas = schedule(range, count)
        expect(sigmas).toHaveLength(count)
        expect(sigmas[0]).toBeCloseTo(range.sigmaMax, 5)
        expect(sigmas.at(-1)).toBeCloseTo(range.sigmaMin, 5)
        expect(sigmas.every((sigma, i) => Number.isFinite(sigma) && sigma < (sigmas[i - 1] ?? Infinity))).toBe(true)
      }),
      { numRuns: 20 },
    )
    expect(schedule(range, 1)[0]).toBeCloseTo(range.sigmaMax, 5)
  },
)

test('Karras sigmas take even steps in the seventh root', () => {
  const roots = karrasSigmas(range, 5).map(sigma => sigma ** (1 / 7))
  const step = (roots[0] as number) - (roots[1] as number)
  for (const [i, root] of roots.entries()) expect(root).toBeCloseTo((roots[0] as number) - i * step, 10)
})

test('beta sigmas are mirrored about the middle', () => {
  const [first, second, middle, fourth, last] = betaSigmas(range, 5) as [number, number, number, number, number]
  expect(first + last).toBeCloseTo(2 * middle, 10)
  expect(second + fourth).toBeCloseTo(2 * middle, 10)
})

test('flow sigmas fall within 0 and 1, and a shift moves them towards the noise', () => {
  const plain = flowSigmas(1000, 1, 4)
  const shifted = flowSigmas(1000, 3, 4)
  expect(plain).toEqual([0.999, 0.74925, 0.4995, 0.24975].map(sigma => expect.closeTo(sigma, 10)))
  expect(shifted.every((sigma, i) => sigma > (plain[i] as number) && sigma < 1)).toBe(true)
})
