/** Tries what ONNX Runtime can compute on, on this machine. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { scaledDotProductAttention } from '../../nn/scaled-dot-product-attention'
import * as tf from '../../tensors/tf'
import { GraphExecutionError } from './graph-errors'
import type { ExecutionProvider, GraphExecutor } from './graph-executor'
import { hasCudaProvider } from './runtime-package'

/** Tokens and channels of the test: as many tokens as make a runtime take the way that it takes for pictures. */
const [TOKENS, CHANNELS, HEADS] = [96, 32, 2]

/** A layer and attention: what transformers consist of. */
class TestModel extends Module {
  readonly layer = new Linear(CHANNELS, CHANNELS)

  project = (x: tf.Tensor3D): tf.Tensor3D => this.layer.forward(x)

  attend = (x: tf.Tensor3D): tf.Tensor3D =>
    scaledDotProductAttention({ query: x, key: x, value: this.layer.forward(x), heads: HEADS })
}

/**
 * Runs small computations on an executor and compares them with plain JavaScript's. An executor whose operator for attention shows itself right uses it
 * from then on.
 *
 * @returns why the executor cannot be used, as a sentence; `undefined` if it can
 */
export async function tryExecutor(executor: GraphExecutor): Promise<string | undefined> {
  const model = new TestModel()
  for (const parameter of model.parameters()) {
    const length = tf.util.sizeFromShape([...parameter.shape])
    parameter.load(Float32Array.from({ length }, (_, i) => Math.sin(1.37 * i)))
  }
  const x = tf.tidy(() => tf.sin(tf.range(0, TOKENS * CHANNELS)).reshape<tf.Tensor3D>([1, TOKENS, CHANNELS]))
  try {
    const problem = await compare(executor, model, 'project', x)
    if (problem !== undefined) return problem
    executor.trustsAttention = true
    executor.trustsAttention = (await compare(executor, model, 'attend', x)) === undefined
    executor.release(model)
    return executor.trustsAttention ? undefined : await compare(executor, model, 'attend', x)
  } catch (error) {
    return error instanceof GraphExecutionError ? error.reason : (error as Error).message
  } finally {
    executor.release(model)
    model.dispose()
    x.dispose()
  }
}

/** What is wrong with an executor's result, as a sentence. */
async function compare(
  executor: GraphExecutor,
  model: TestModel,
  method: 'project' | 'attend',
  x: tf.Tensor3D,
): Promise<string | undefined> {
  const forward = model[method]
  const [got, expected] = [await executor.run({ model, method, forward, inputs: x }), forward(x)]
  const [values, right] = [await got.data(), await expected.data()]
  tf.dispose([got, expected])
  const wrong = right.findIndex((value, i) => !(Math.abs(value - (values[i] as number)) < 1e-3))
  return wrong < 0 ? undefined : `It computes wrong results: ${values[wrong]} instead of ${right[wrong]}.`
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

/** Elsewhere than on Linux there is always something that draws; there, a device shows whether it is more than software. */
function hasGpu(): boolean {
  if (process.platform !== 'linux') return process.platform === 'darwin' || process.platform === 'win32'
  const drivers = existsSync('/dev/dri') ? readdirSync('/dev/dri') : []
  return drivers.some(name => name.startsWith('renderD')) || hasNvidiaDriver()
}
