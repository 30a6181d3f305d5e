import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { linearCombination } from '../../../../components/schedulers/linear-combination'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

test('adds any number of scaled tensors of any size, rounding once for each two', () => {
  const number = fc.double({ min: -9, max: 9, noNaN: true })
  const terms = fc.integer({ min: 1, max: 40 }).chain(size =>
    fc.array(fc.tuple(number, fc.array(number, { minLength: size, maxLength: size })), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  fc.assert(
    fc.property(terms, terms => {
      tf.tidy(() => {
        const sum = linearCombination(...terms.map(([factor, values]) => [factor, tf.tensor(values)] as const))
        const expected = (terms[0]?.[1] ?? []).map((_, i) =>
          terms.reduce((total, [factor, values]) => total + factor * Math.fround(values[i] as number), 0),
        )
        expect(Array.from(sum.dataSync())).toEqual(expected.map(value => expect.closeTo(value, 4)))
      })
    }),
  )
})

test('computes at once: no other kernel runs', () => {
  const x = tf.ones([3])
  const run = jest.spyOn(tf.engine(), 'runKernel')
  linearCombination([2, x], [3, x], [0.5, x]).dispose()
  expect(run.mock.calls.map(([kernel]) => kernel)).toEqual(['LinearCombination'])
  x.dispose()
})
