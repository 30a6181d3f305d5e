/** How fast the current backend is, roughly. */
import * as tf from '../tensors/tf'

/** Sizes of a 3×3 convolution: one that plain JavaScript does in a second, and one as a diffusion model has them. */
const SMALL = { size: 32, channels: 64 }
const LARGE = { size: 64, channels: 320 }

/** A backend that is done with the small one in fewer milliseconds is measured with the large one. */
const TOO_SHORT = 50

/** Speed of the current backend in a 3×3 convolution, in GFLOP/s (a multiplication and an addition are two operations). */
export async function measureSpeed(): Promise<number> {
  const ms = await timeConvolution(SMALL)
  return ms < TOO_SHORT ? gflops(LARGE, await timeConvolution(LARGE)) : gflops(SMALL, ms)
}

function gflops({ size, channels }: typeof SMALL, ms: number): number {
  return (2 * 9 * size ** 2 * channels ** 2) / ms / 1e6
}

/** Milliseconds of the faster of two runs: the first compiles kernels and grows memory. */
async function timeConvolution({ size, channels }: typeof SMALL): Promise<number> {
  const input = tf.ones<tf.Rank.R4>([1, size, size, channels])
  const weights = tf.ones<tf.Rank.R4>([3, 3, channels, channels])
  try {
    return Math.min(await timeRun(input, weights), await timeRun(input, weights))
  } finally {
    tf.dispose([input, weights])
  }
}

async function timeRun(input: tf.Tensor4D, weights: tf.Tensor4D): Promise<number> {
  const start = performance.now()
  const output = tf.conv2d(input, weights, 1, 'same')
  try {
    // Reading waits for the computation.
    await output.data()
    return performance.now() - start
  } finally {
    output.dispose()
  }
}
