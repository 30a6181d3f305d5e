import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { linearCombination } from '../../../../components/schedulers/steps/linear-combination'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

test('gives what products and sums of their own give, to the last bit', () => {
  const number = fc.double({ min: -9, max: 9, noNaN: true }).filter(value => Math.abs(value) > 1e-9)
  const terms = fc.integer({ min: 1, max: 40 }).chain(size =>
    fc.array(fc.tuple(number, fc.array(number, { minLength: size, maxLength: size })), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  fc.assert(
    fc.property(terms, terms => {
      tf.tidy(() => {
        const tensors = terms.map(([factor, values]) => [factor, tf.tensor1d(values)] as const)
        const plain = tensors.map(([factor, tensor]) => tensor.mul(factor)).reduce((sum, term) => sum.add(term))
        expect(linearCombination(...tensors).dataSync()).toEqual(plain.dataSync())
      })
    }),
  )
})

test('is a kernel of its own: no other kernel runs', () => {
  const x = tf.ones([3])
  const run = jest.spyOn(tf.engine(), 'runKernel')
  linearCombination([2, x], [3, x], [0.5, x]).dispose()
  expect(run.mock.calls.map(([kernel]) => kernel)).toEqual(['LinearCombination'])
  x.dispose()
})
