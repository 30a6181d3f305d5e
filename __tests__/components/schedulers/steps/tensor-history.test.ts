import * as tf from '@tensorflow/tfjs'
import { TensorHistory } from '../../../../components/schedulers/steps/tensor-history'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

test('keeps the newest tensors beyond the tidy that they were made in, and disposes the others', () => {
  const history = new TensorHistory(2)
  const before = tf.memory().numTensors
  for (const value of [1, 2, 3]) tf.tidy(() => history.push(tf.scalar(value)))
  expect(history.newestFirst.map(tensor => tensor.dataSync()[0])).toEqual([3, 2])
  expect(tf.memory().numTensors).toBe(before + 2)
  history.clear()
  expect(history.newestFirst).toHaveLength(0)
})

test('with no room keeps nothing', () => {
  const history = new TensorHistory(0)
  history.push(tf.scalar(1))
  expect(history.newestFirst).toHaveLength(0)
})
