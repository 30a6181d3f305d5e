import * as tf from '@tensorflow/tfjs'
import { Conv2d, type Conv2dOptions } from '../../../components/nn/conv2d'
import { useBackend } from '../models/use-backend'

/** Runs a convolution with one output channel on a map of the numbers 1, 2, 3, …. */
function convolve(options: Conv2dOptions, weight: number[], height: number, width: number): number[][] {
  const conv = new Conv2d(1, 1, options)
  conv.weight.load(Float32Array.from(weight))
  conv.bias?.load(Float32Array.of(0))
  const result = tf.tidy(() => {
    const x = tf.range(1, height * width + 1).reshape<tf.Tensor4D>([1, height, width, 1])
    return conv.forward(x).squeeze<tf.Tensor2D>([0, 3]).arraySync()
  })
  conv.dispose()
  return result
}

describe.each(['wasm', 'cpu'] as const)('Conv2d on %s', backend => {
  useBackend(backend)

  test('reads PyTorch weights: out, in, row, column', () => {
    const conv = new Conv2d(2, 2, { kernelSize: 2 })
    conv.weight.load(Float32Array.from({ length: 16 }, (_, i) => i + 1))
    conv.bias?.load(Float32Array.of(100, 200))
    const y = tf.tidy(() =>
      conv
        .forward(
          tf.tensor4d([
            [
              [
                [1, 0],
                [0, 0],
              ],
              [
                [0, 0],
                [0, 1],
              ],
            ],
          ]),
        )
        .arraySync(),
    )
    // The first input channel meets row 0, column 0 of its kernel, the second row 1, column 1.
    expect(y).toEqual([[[[100 + 1 + 8, 200 + 9 + 16]]]])
    conv.dispose()
  })

  test('pads all sides, or after the map alone', () => {
    const sum = new Array(9).fill(1)
    expect(convolve({ padding: 1 }, sum, 2, 2)).toEqual([
      [10, 10],
      [10, 10],
    ])
    expect(convolve({ padding: 1, stride: 2 }, sum, 3, 3)).toEqual([
      [12, 16],
      [24, 28],
    ])
    expect(convolve({ padding: [0, 1], stride: 2 }, sum, 4, 4)).toEqual([
      [54, 45],
      [72, 54],
    ])
    expect(convolve({}, sum, 3, 3)).toEqual([[45]])
  })
})
