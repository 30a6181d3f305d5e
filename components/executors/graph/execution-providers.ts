/** Tries what ONNX Runtime can compute on, on this machine. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { Linear } from '../../nn/linear'
import type { ExecutionProvider, GraphExecutor } from './graph-executor'

/** Side of the product that a provider must compute. */
const SIZE = 32

/**
 * Runs a small product on an executor and compares it.
 *
 * @returns why the executor cannot be used, as a sentence; `undefined` if it can
 */
export async function tryExecutor(executor: GraphExecutor): Promise<string | undefined> {
  const layer = new Linear(SIZE, SIZE)
  const rows = Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i))
  layer.weight.load(Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % (SIZE + 1) === 0 ? 2 : 0)))
  layer.bias?.load(new Float32Array(SIZE).fill(1))
  const x = tf.tensor2d(rows, [SIZE, SIZE])
  const forward = (input: tf.Tensor2D) => layer.forward<tf.Tensor2D>(input)
  try {
    const y = await executor.run({ model: layer, method: 'forward', forward, inputs: x })
    const values = await y.data()
    y.dispose()
    const wrong = values.findIndex((value, i) => !(Math.abs(value - (2 * (rows[i] as number) + 1)) < 1e-3))
    return wrong < 0
      ? undefined
      : `It computes wrongly: ${values[wrong]} where ${2 * (rows[wrong] as number) + 1} is right.`
  } catch (error) {
    return (error as Error).message
  } finally {
    executor.release(layer)
    layer.dispose()
    x.dispose()
  }
}

/** The providers for GPUs that are worth a try here, the most wanted first. None of them is loaded for this. */
export function likelyGpuProviders(): ExecutionProvider[] {
  const providers: ExecutionProvider[] = []
  if (hasNvidiaDriver() && hasCudaProvider()) providers.push('cuda')
  if (hasGpu()) providers.push('webgpu')
  return providers
}

/** Whether there is a driver for NVIDIA's GPUs. */
export function hasNvidiaDriver(): boolean {
  if (process.platform === 'win32')
    return existsSync(join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll'))
  return existsSync('/dev/nvidia0') || existsSync('/dev/dxg')
}

/** onnxruntime-node's CUDA libraries are no part of the package: its install script downloads them where it is let. */
function hasCudaProvider(): boolean {
  const folder = join(
    dirname(require.resolve('onnxruntime-node/package.json')),
    'bin',
    'napi-v6',
    process.platform,
    process.arch,
  )
  return existsSync(folder) && readdirSync(folder).some(name => name.includes('providers_cuda'))
}

/** Elsewhere than on Linux there is always something that draws; there, a device shows whether it is more than software. */
function hasGpu(): boolean {
  if (process.platform !== 'linux') return process.platform === 'darwin' || process.platform === 'win32'
  const drivers = existsSync('/dev/dri') ? readdirSync('/dev/dri') : []
  return drivers.some(name => name.startsWith('renderD')) || hasNvidiaDriver()
}
