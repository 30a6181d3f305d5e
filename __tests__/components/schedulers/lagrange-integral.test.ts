import fc from 'fast-check'
import { lagrangeIntegral } from '../../../components/schedulers/lagrange-integral'

test('integrates polynomials of less than as many powers as nodes exactly', () => {
  const nodes = [2.5, 4, 7, 11]
  const coefficients = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(coefficients, fc.double({ min: 0, max: 2.5, noNaN: true }), (polynomial, to) => {
      const value = (x: number) => polynomial.reduce((sum, factor, power) => sum + factor * x ** power, 0)
      const integral = (x: number) =>
        polynomial.reduce((sum, f, power) => sum + (f * x ** (power + 1)) / (power + 1), 0)
      const found = nodes.reduce((sum, node, own) => sum + value(node) * lagrangeIntegral(nodes, own, 2.5, to), 0)
      expect(found).toBeCloseTo(integral(to) - integral(2.5), 8)
    }),
  )
})
