import fc from 'fast-check'
import { TangentialClassifierFreeGuidance } from '../../../components/guiders/tangential-classifier-free-guidance'
import { useBackend } from '../models/use-backend'
import { guide, near, pair } from './guide'

useBackend('cpu')

test('gives the checked values', () => {
  expect(guide(new TangentialClassifierFreeGuidance({ guidanceScale: 2 }), pair)).toEqual(
    near([1.858, -0.009, 3.7251, 9.3262]),
  )
})

test('predictions of one direction are guided as by classifier-free guidance', () => {
  const guider = new TangentialClassifierFreeGuidance({ guidanceScale: 3 })
  const row = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(row, fc.integer({ min: -4, max: 4 }), (predUncond, factor) => {
      const predCond = predUncond.map(value => value * factor)
      const expected = predUncond.map(value => (1 - 3 + 3 * factor) * value)
      expect(guide(guider, { predCond, predUncond })).toEqual(near(expected, 3))
    }),
    { numRuns: 30 },
  )
})

test('what the unconditional prediction has for itself is left out', () => {
  // The direction of the greater one is shared most, the other stands upright on it.
  const predictions = { predCond: [0, 5, 0], predUncond: [1, 0, 0] }
  expect(guide(new TangentialClassifierFreeGuidance({ guidanceScale: 3 }), predictions)).toEqual(near([0, 15, 0]))
})

test.each([1e-12, 1e15])('holds for predictions of the size %d', size => {
  const scaled = { predCond: pair.predCond.map(x => x * size), predUncond: pair.predUncond.map(x => x * size) }
  const pred = guide(new TangentialClassifierFreeGuidance({ guidanceScale: 2 }), scaled)
  expect(pred.map(value => value / size)).toEqual(near([1.858, -0.009, 3.7251, 9.3262]))
})
