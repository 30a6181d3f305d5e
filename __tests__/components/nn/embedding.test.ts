import * as tf from '@tensorflow/tfjs'
import { Embedding } from '../../../components/nn/embedding'
import { useBackend } from '../models/use-backend'

describe.each(['wasm', 'cpu'] as const)('Embedding on %s', backend => {
  useBackend(backend)

  test('gives the row of each id', () => {
    const embedding = new Embedding(3, 2)
    embedding.weight.load(Float32Array.of(1, 2, 3, 4, 5, 6))
    const rows = tf.tidy(() => embedding.forward<tf.Tensor3D>(tf.tensor2d([[2, 0]], [1, 2], 'int32')).arraySync())
    expect(rows).toEqual([
      [
        [5, 6],
        [1, 2],
      ],
    ])
    embedding.dispose()
  })
})
