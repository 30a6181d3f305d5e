/** Program of a child process: tries the execution provider that its argument names and tells its parent what came of it. */
import { Conv2d } from '../../nn/conv2d'
import { type AllProductSpeeds, measureAllProductSpeeds } from '../../quantization/product-speeds'
import * as tf from '../../tensors/tf'
import type { Executor } from '../executor'
import { fastestRun } from '../fastest-run'
import { selectExecutor } from '../select-executor'
import type { ExecutionProvider } from './graph-executor'

/** What the program sends to its parent. */
export type ProviderMessage =
  | { works: true; device: string; version: string; gflops: number; products?: AllProductSpeeds }
  | { works: false; reason: string }

/** A 3×3 convolution as diffusion models have them, or a smaller one where that takes too long. */
const SIZES = [
  { size: 16, channels: 64 },
  { size: 64, channels: 320 },
]

/** A convolution that takes fewer milliseconds is too short to tell a speed. */
const TOO_SHORT = 20

async function measureExecutorSpeed(executor: Executor): Promise<number> {
  let gflops = 0
  for (const { size, channels } of SIZES) {
    const layer = new Conv2d(channels, channels, { padding: 1 })
    for (const parameter of layer.parameters())
      parameter.load(new Float32Array(tf.util.sizeFromShape([...parameter.shape])))
    const inputs = tf.ones<tf.Rank.R4>([1, size, size, channels])
    const forward = (x: tf.Tensor4D) => layer.forward(x)
    const ms = await fastestRun(executor, { model: layer, method: 'forward', forward, inputs })
    gflops = (2 * 9 * size ** 2 * channels ** 2) / ms / 1e6
    if (ms > TOO_SHORT) break
  }
  return gflops
}

async function probe(provider: ExecutionProvider): Promise<ProviderMessage> {
  const { executor, tried } = await selectExecutor({ executor: 'graph', provider })
  const [attempt] = tried
  if (attempt?.reason !== undefined) return { works: false, reason: attempt.reason }
  const { device, version } = executor
  const gflops = await measureExecutorSpeed(executor)
  const products = await measureAllProductSpeeds(executor)
  return { works: true, device, version, gflops, ...(products && { products }) }
}

// The parent passes one of the names.
void probe(process.argv[2] as ExecutionProvider)
  .catch((error: Error): ProviderMessage => ({ works: false, reason: error.message }))
  .then(message => process.send?.(message))
