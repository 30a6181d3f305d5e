import fc from 'fast-check'
import { solveLinearSystem } from '../../../../components/schedulers/exponential-solvers/linear-system'

test('finds what was multiplied', () => {
  const entry = fc.double({ min: -1, max: 1, noNaN: true })
  const systems = fc.integer({ min: 1, max: 4 }).chain(size => {
    const row = fc.array(entry, { minLength: size, maxLength: size })
    return fc.tuple(fc.array(row, { minLength: size, maxLength: size }), row)
  })
  fc.assert(
    fc.property(systems, ([noise, solution]) => {
      // The diagonal outweighs the rest of a row, so that there is one solution; rows are turned round so that pivots are not where they lie.
      const matrix = noise.map((row, i) => row.map((value, j) => (i === j ? value + 6 : value))).reverse()
      const right = matrix.map(row => row.reduce((sum, value, j) => sum + value * (solution[j] as number), 0))
      const found = solveLinearSystem(matrix, right)
      expect(found).toEqual(solution.map(value => expect.closeTo(value, 10)))
    }),
  )
})
