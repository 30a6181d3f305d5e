import fc from 'fast-check'
import {
  dpmAlgorithms,
  dpmSolverFactors,
} from '../../../../components/schedulers/exponential-solvers/dpm-solver-factors'

const level = (sigma: number) => ({ alpha: 1 / Math.hypot(sigma, 1), sigma: sigma / Math.hypot(sigma, 1) })

test('a step to no noise takes the prediction of the clean sample', () => {
  for (const algorithm of ['dpmsolver++', 'sde-dpmsolver++'] as const) {
    const factors = dpmSolverFactors(algorithm, 'midpoint', level(0), [level(2)])
    expect(factors).toEqual({ sample: 0, predictions: [1], noise: 0 })
  }
})

test('a step to the same noise level changes nothing', () => {
  for (const algorithm of dpmAlgorithms) {
    const factors = dpmSolverFactors(algorithm, 'heun', level(2), [level(2), level(3)])
    expect(factors).toEqual({ sample: 1, predictions: [0, 0], noise: 0 })
  }
})

test('where all predictions agree, the order makes no difference', () => {
  const sigma = fc.double({ min: 0.05, max: 10, noNaN: true })
  fc.assert(
    fc.property(
      sigma,
      fc.constantFrom('midpoint', 'heun'),
      fc.constantFrom(...dpmAlgorithms),
      (s, solverType, algorithm) => {
        const levels = [level(s * 1.5), level(s * 2), level(s * 3)]
        const sums = [1, 2, algorithm === 'sde-dpmsolver' ? 2 : 3].map(order => {
          const { predictions } = dpmSolverFactors(algorithm, solverType, level(s), levels.slice(0, order))
          return predictions.reduce((sum, factor) => sum + factor, 0)
        }) as [number, number, number]
        expect(sums[1]).toBeCloseTo(sums[0], 8)
        expect(sums[2]).toBeCloseTo(sums[0], 8)
      },
    ),
  )
})

test('the stochastic form leaves as much noise as the level has', () => {
  // Of a sample that is pure noise, sigma of it is left: what was there and what is added, in squares.
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 10, noNaN: true }), s => {
      const [from, to] = [level(s * 2), level(s)]
      const { sample, noise } = dpmSolverFactors('sde-dpmsolver++', 'midpoint', to, [from])
      expect(Math.hypot(sample * from.sigma, noise)).toBeCloseTo(to.sigma, 8)
    }),
  )
})
