/** How fast an executor multiplies matrices, in float32 and in 8 bits: what a processor without instructions for integers does not gain by. */
import type { Executor } from '../executors/executor'
import { fastestRun } from '../executors/fastest-run'
import { Linear } from '../nn/linear'
import * as tf from '../tensors/tf'
import type { Quantization } from './quantization-names'

/** Sizes of the product: some milliseconds on one processor, and large enough to be bound by arithmetic. */
const [ROWS, CHANNELS] = [256, 1024]

/** Speeds in GFLOP/s (a multiplication and an addition are two operations). */
export interface ProductSpeeds {
  readonly float32: number
  readonly int8: number
}

/** With what `doctor` prints beside the speeds that `auto` chooses by. */
export interface AllProductSpeeds extends ProductSpeeds {
  /** With weights of 4 bits. */
  readonly int4: number
}

/** Measures what `auto` chooses by. @returns `undefined` for an executor that does not compute in 8 bits */
export async function measureProductSpeeds(executor: Executor): Promise<ProductSpeeds | undefined> {
  if (!executor.quantizations.includes('int8')) return undefined
  return { float32: await productSpeed(executor), int8: await productSpeed(executor, 'int8') }
}

/** Measures all. @returns `undefined` for an executor that does not compute in 8 bits */
export async function measureAllProductSpeeds(executor: Executor): Promise<AllProductSpeeds | undefined> {
  const speeds = await measureProductSpeeds(executor)
  return speeds && { ...speeds, int4: await productSpeed(executor, 'int4') }
}

async function productSpeed(executor: Executor, quantization?: Quantization): Promise<number> {
  return gflops(await timeProduct(executor, quantization))
}

function gflops(ms: number): number {
  return (2 * ROWS * CHANNELS ** 2) / ms / 1e6
}

/** Milliseconds of the fastest run. */
async function timeProduct(executor: Executor, quantization: Quantization | undefined): Promise<number> {
  const model = new Linear(CHANNELS, CHANNELS, { bias: false })
  model.weight.load(Float32Array.from({ length: CHANNELS ** 2 }, (_, i) => Math.sin(i)))
  const inputs = tf.ones<tf.Rank.R3>([1, ROWS, CHANNELS])
  // Only its largest number comes back: moving the result would take as long as computing it.
  const forward = (x: tf.Tensor3D) => tf.max(model.forward(x))
  try {
    return await fastestRun(executor, { model, method: 'forward', forward, inputs, quantization })
  } finally {
    executor.release(model)
    model.dispose()
    inputs.dispose()
  }
}
