import fc from 'fast-check'
import {
  interpolate,
  linspace,
  linspaceFloat32,
  roundHalfEven,
} from '../../../../components/schedulers/noise-levels/number-sequences'

test('linspace holds both ends exactly', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1000, max: 1000 }),
      fc.integer({ min: -1000, max: 1000 }),
      fc.integer({ min: 2, max: 50 }),
      (a, b, count) => {
        const values = linspace(a, b, count)
        expect([values.length, values[0], values.at(-1)]).toEqual([count, a, b])
      },
    ),
  )
  expect(linspace(3, 9, 1)).toEqual([3])
})

test('linspaceFloat32 gives the numbers of torch.linspace', () => {
  // torch.linspace(0.0001, 0.02, 7).tolist()
  expect(Array.from(linspaceFloat32(0.0001, 0.02, 7))).toEqual([
    9.999999747378752e-5, 0.0034166667610406876, 0.006733333226293325, 0.010049999691545963, 0.013366665691137314,
    0.01668333262205124, 0.019999999552965164,
  ])
})

test('halves are rounded to the even neighbour', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 2.5001, 7].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, 3, 7])
})

test('a table is interpolated between its entries and held beyond its ends', () => {
  const table = [1, 2, 4]
  expect([-1, 0, 0.5, 1, 1.25, 2, 9].map(position => interpolate(table, position))).toEqual([1, 1, 1.5, 2, 2.5, 4, 4])
})
