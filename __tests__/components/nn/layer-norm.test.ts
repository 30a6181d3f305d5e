import * as tf from '@tensorflow/tfjs'
import { LayerNorm } from '../../../components/nn/layer-norm'
import { useBackend } from '../models/use-backend'

describe.each(['wasm', 'cpu'] as const)('LayerNorm on %s', backend => {
  useBackend(backend)

  test('normalises each token, then scales and shifts each channel', () => {
    const norm = new LayerNorm(2, 0)
    norm.weight.load(Float32Array.of(1, 2))
    norm.bias.load(Float32Array.of(0, 1))
    const y = tf.tidy(() =>
      norm
        .forward(
          tf.tensor3d([
            [
              [1, 3],
              [50, 30],
            ],
          ]),
        )
        .arraySync(),
    )
    expect(y).toEqual([
      [
        [-1, 3],
        [1, -1],
      ],
    ])
    norm.dispose()
  })
})
