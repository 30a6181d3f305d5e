import * as tf from '@tensorflow/tfjs'
import { scaledDotProductAttention } from '../../../components/nn/scaled-dot-product-attention'
import { useBackend } from '../models/use-backend'

describe.each(['wasm', 'cpu'] as const)('scaledDotProductAttention on %s', backend => {
  useBackend(backend)

  test('attends in each head by itself', () => {
    const rows = tf.tidy(() =>
      scaledDotProductAttention({
        // Head 0 asks for the first key alone; head 1 asks for nothing and gets the mean.
        query: tf.tensor3d([[[100, 0, 0, 0]]]),
        key: tf.tensor3d([
          [
            [1, 0, 1, 0],
            [0, 1, 0, 1],
          ],
        ]),
        value: tf.tensor3d([
          [
            [1, 2, 3, 4],
            [5, 6, 7, 8],
          ],
        ]),
        heads: 2,
      }).arraySync(),
    )
    expect(rows).toEqual([[[1, 2, 5, 6]]])
  })

  test('divides the scores by the root of the width of a head', () => {
    const [[[first]]] = tf.tidy(() =>
      scaledDotProductAttention({
        query: tf.tensor3d([[[1, 1, 1, 1]]]),
        key: tf.tensor3d([
          [
            [1, 1, 1, 1],
            [0, 0, 0, 0],
          ],
        ]),
        value: tf.tensor3d([
          [
            [1, 1, 1, 1],
            [0, 0, 0, 0],
          ],
        ]),
        heads: 1,
      }).arraySync(),
    ) as [[[number]]]
    expect(first).toBeCloseTo(1 / (1 + Math.exp(-2)), 6)
  })

  test('adds the bias to the scores of each head', () => {
    const rows = tf.tidy(() =>
      scaledDotProductAttention({
        query: tf.zeros([2, 1, 2]),
        key: tf.zeros([2, 2, 2]),
        value: tf.tensor3d([
          [
            [1, 2],
            [3, 4],
          ],
          [
            [1, 2],
            [3, 4],
          ],
        ]),
        heads: 2,
        bias: tf.tensor4d([[[[0, -1e4]]], [[[-1e4, 0]]]]),
      }).arraySync(),
    )
    expect(rows).toEqual([[[1, 2]], [[3, 4]]])
  })
})
