/** The order of dimensions, against TensorFlow.js. */
import * as tf from '@tensorflow/tfjs'
import { permuteLoop } from '../../../components/nn/permute'
import { runAtOnce } from '../../../src/runtime/time-slice'
import { useBackend } from '../models/use-backend'

useBackend('cpu')

test.each([
  [
    [3, 5],
    [1, 0],
  ],
  [
    [4, 3, 2, 5],
    [2, 3, 1, 0],
  ],
  [
    [2, 3, 4],
    [0, 2, 1],
  ],
  [[7], [0]],
  [
    [2, 0],
    [1, 0],
  ],
])('%j becomes %j', (shape, permutation) => {
  const size = shape.reduce((product, length) => product * length, 1)
  const values = Float32Array.from({ length: size }, (_, i) => i)
  const expected = tf.tidy(() => tf.transpose(tf.tensor(values, shape), permutation).dataSync<'float32'>())
  expect(runAtOnce(permuteLoop(values, shape, permutation))).toEqual(expected)
})

test('gives way to others in between', () => {
  const loop = permuteLoop(new Float32Array(2 ** 18), [2 ** 9, 2 ** 9], [1, 0])
  let turns = 0
  while (!loop.next().done) turns++
  expect(turns).toBeGreaterThan(4)
})
