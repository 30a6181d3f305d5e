import fc from 'fast-check'
import { rootFloat32 } from '../../../../components/schedulers/noise-levels/root-float32'

test('is the root, to the last bit or the one beside it', () => {
  fc.assert(
    fc.property(fc.float({ min: Math.fround(1e-9), max: Math.fround(1e9), noNaN: true }), value => {
      expect(rootFloat32(value) / Math.sqrt(value)).toBeCloseTo(1, 6)
      expect(rootFloat32(value)).toBe(Math.fround(rootFloat32(value)))
    }),
  )
  expect(rootFloat32(0)).toBe(0)
})

// torch.tensor(1 - k * 2 ** -24).sqrt(): roots just below the middle of two numbers are rounded up.
test.each([
  [3, 1],
  [5, 2],
  [7, 3],
  [39, 19],
])('1 - %i · 2⁻²⁴ has the root 1 - %i · 2⁻²⁴, as in torch', (below, rootBelow) => {
  expect(rootFloat32(1 - below * 2 ** -24)).toBe(1 - rootBelow * 2 ** -24)
})
