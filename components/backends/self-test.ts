/** A small computation with known results: tells a backend that works from one that only loads. */
import * as tf from '../tensors/tf'
import { BackendLoadError } from './backend-loader'

/**
 * Runs a matrix product, a softmax and a convolution on the current backend. All factors are small whole numbers, so that
 * float32, TF32 and half precision agree on the result.
 *
 * @throws BackendLoadError when a result is wrong, and whatever the backend throws. No tensor is left behind.
 */
export async function selfTest(): Promise<void> {
  await compare(
    'matMul',
    () => tf.matMul(tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])),
    [22, 28, 49, 64],
  )
  // e^0 : e^ln2 : e^ln5 = 1 : 2 : 5
  await compare('softmax', () => tf.softmax(tf.tensor1d([0, Math.log(2), Math.log(5)])), [0.125, 0.25, 0.625])
  await compare('conv2d', rampConvolution, rampConvolutionResult())
}

const SIZE = 16
const CHANNELS = 8

/** Values that grow by 1 with each row; weights that grow by 1 with each row and by 10 with each output channel. */
function rampConvolution(): tf.Tensor {
  const rows = tf.broadcastTo(tf.reshape(tf.range(0, SIZE), [1, SIZE, 1, 1]), [1, SIZE, SIZE, CHANNELS])
  const weights = tf.add(
    tf.reshape(tf.range(0, 3), [3, 1, 1, 1]),
    tf.reshape(tf.mul(tf.range(0, CHANNELS), 10), [1, 1, 1, CHANNELS]),
  )
  return tf.conv2d(rows as tf.Tensor4D, tf.broadcastTo(weights, [3, 3, CHANNELS, CHANNELS]) as tf.Tensor4D, 1, 'valid')
}

/** Sum over 3 rows, 3 columns and all channels of (y + row) · (row + 10 channel), for each output. */
function rampConvolutionResult(): number[] {
  const result: number[] = []
  for (let y = 0; y < SIZE - 2; y++) {
    for (let x = 0; x < SIZE - 2; x++) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        result.push(3 * CHANNELS * (30 * channel * (y + 1) + 3 * y + 5))
      }
    }
  }
  return result
}

async function compare(op: string, compute: () => tf.Tensor, expected: readonly number[]): Promise<void> {
  const result = tf.tidy(compute)
  try {
    const values = await result.data()
    const wrong = expected.findIndex(
      (value, i) => !(Math.abs((values[i] ?? Number.NaN) - value) <= 1e-4 * Math.max(1, Math.abs(value))),
    )
    if (values.length !== expected.length || wrong >= 0) {
      throw new BackendLoadError(
        `It computes wrong results: ${op} gives ${values[wrong]} instead of ${expected[wrong]}.`,
      )
    }
  } finally {
    result.dispose()
  }
}
