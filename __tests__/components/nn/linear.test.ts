import * as tf from '@tensorflow/tfjs'
import { Linear } from '../../../components/nn/linear'
import { useBackend } from '../models/use-backend'

describe.each(['wasm', 'cpu'] as const)('Linear on %s', backend => {
  useBackend(backend)

  test('multiplies the last dimension by the transposed weight and adds the bias', () => {
    const linear = new Linear(2, 3)
    linear.weight.load(Float32Array.of(1, 2, 3, 4, 5, 6))
    linear.bias?.load(Float32Array.of(10, 20, 30))
    tf.tidy(() => {
      const y = linear.forward(
        tf.tensor3d([
          [
            [1, 0],
            [0, 1],
          ],
          [
            [1, 1],
            [2, -1],
          ],
        ]),
      )
      expect(y.arraySync()).toEqual([
        [
          [11, 23, 35],
          [12, 24, 36],
        ],
        [
          [13, 27, 41],
          [10, 22, 34],
        ],
      ])
    })
    linear.dispose()
  })

  test('can do without a bias', () => {
    const linear = new Linear(2, 1, { bias: false })
    linear.weight.load(Float32Array.of(2, 3))
    expect(linear.parameters()).toHaveLength(1)
    expect(tf.tidy(() => linear.forward(tf.tensor2d([[1, 10]])).arraySync())).toEqual([[32]])
    linear.dispose()
  })
})
