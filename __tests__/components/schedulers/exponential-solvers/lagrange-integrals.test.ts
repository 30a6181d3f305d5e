import { lagrangeIntegrals } from '../../../../components/schedulers/exponential-solvers/lagrange-integrals'

/** The midpoint rule. */
function integrate(f: (v: number) => number, end: number): number {
  const steps = 20000
  return (
    Array.from({ length: steps }, (_, i) => f(((i + 0.5) / steps) * end)).reduce((a, b) => a + b, 0) * (end / steps)
  )
}

test.each([[-1], [-2], [1], [0]])(
  'weighs values at nodes as the integral of the polynomial through them, with rate %d',
  rate => {
    const nodes = [0.6, 1.1, 1.9, 2.4]
    const weights = lagrangeIntegrals(rate, 0.6, nodes)
    for (let power = 0; power < nodes.length; power++) {
      const sum = weights.reduce((total, weight, i) => total + weight * (nodes[i] as number) ** power, 0)
      expect(sum).toBeCloseTo(
        integrate(v => Math.exp(rate * v) * v ** power, 0.6),
        7,
      )
    }
  },
)
