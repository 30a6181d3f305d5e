import * as tf from '@tensorflow/tfjs'
import { linearCombination } from '../../../../components/schedulers/steps/linear-combination'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

test('adds scaled tensors and leaves nothing else behind', () => {
  const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20])]
  const before = tf.memory().numTensors
  const sum = linearCombination([2, a], [1, b], [0.5, b])
  expect(tf.memory().numTensors).toBe(before + 1)
  expect(Array.from(sum.dataSync())).toEqual([17, 34])
  tf.dispose([a, b, sum])
})

test('leaves out terms with factor 0, so that what is not finite in them does no harm', () => {
  const [a, b] = [tf.tensor1d([Number.NaN]), tf.tensor1d([3])]
  const sum = linearCombination([0, a], [1, b])
  const nothing = linearCombination([0, a])
  expect([sum.dataSync()[0], nothing.dataSync()[0]]).toEqual([3, 0])
  tf.dispose([a, b, sum, nothing])
})

test('gives a tensor of its own, which outlives its terms', () => {
  const a = tf.tensor1d([3])
  const copy = linearCombination([1, a])
  a.dispose()
  expect(copy.dataSync()[0]).toBe(3)
  copy.dispose()
})
