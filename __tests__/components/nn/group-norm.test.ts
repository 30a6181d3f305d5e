import * as tf from '@tensorflow/tfjs'
import { GroupNorm } from '../../../components/nn/group-norm'
import { useBackend } from '../models/use-backend'

function makeNorm(groups: number, channels: number, eps = 1e-6): GroupNorm {
  const norm = new GroupNorm(groups, channels, eps)
  norm.weight.load(new Float32Array(channels).fill(1))
  norm.bias.load(new Float32Array(channels))
  return norm
}

describe.each(['wasm', 'cpu'] as const)('GroupNorm on %s', backend => {
  useBackend(backend)

  test('normalises each group of each sample by itself, then scales and shifts each channel', () => {
    const norm = makeNorm(2, 4, 0)
    norm.weight.load(Float32Array.of(1, 10, 1, 1))
    norm.bias.load(Float32Array.of(0, 0, 0, 5))
    const y = tf.tidy(() =>
      norm
        .forward(
          tf.tensor3d([
            [
              [1, 3, 0, 0],
              [3, 1, 8, 8],
            ],
            [
              [0, 0, 2, 4],
              [1, 1, 4, 2],
            ],
          ]),
        )
        .arraySync(),
    )
    expect(y).toEqual([
      [
        [-1, 10, -1, 4],
        [1, -10, 1, 6],
      ],
      [
        [-1, -10, -1, 6],
        [1, 10, 1, 4],
      ],
    ])
    norm.dispose()
  })

  test('keeps its digits on a large map far from zero', () => {
    const norm = makeNorm(1, 1)
    const size = 256
    const values = Float32Array.from({ length: size * size }, (_, i) => 1000 + (i % 2 === 0 ? 0.5 : -0.5))
    const y = tf.tidy(() => norm.forward(tf.tensor4d(values, [1, size, size, 1])).dataSync())
    expect(y[0]).toBeCloseTo(1, 2)
    expect(y[1]).toBeCloseTo(-1, 2)
    norm.dispose()
  })
})
