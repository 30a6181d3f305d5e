import * as tf from '@tensorflow/tfjs'
import { gelu, quickGelu, silu } from '../../../components/nn/activations'
import { useBackend } from '../models/use-backend'

describe.each(['wasm', 'cpu'] as const)('activations on %s', backend => {
  useBackend(backend)

  // Values of torch.nn.functional, in float64.
  test.each([
    ['silu', silu, [-0.1422776, 0, 0.7310586, 2.8577224]],
    ['gelu', gelu, [-0.0040497, 0, 0.8413447, 2.9959503]],
    ['quickGelu', quickGelu, [-0.0180713, 0, 0.8457958, 2.9819287]],
  ] as const)('%s has the known values', (_, activation, expected) => {
    const y = tf.tidy(() => activation(tf.tensor1d([-3, 0, 1, 3])).arraySync())
    y.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 5)
    })
  })
})
