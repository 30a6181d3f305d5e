/** What computes on a device that a model is moved to. */
import * as tf from '@tensorflow/tfjs'
import { selectBackend } from '../../../components/backends/select-backend'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { executorOn } from '../../../components/executors/executor-on'
import { GraphExecutor } from '../../../components/executors/graph/graph-executor'
import { selectExecutor } from '../../../components/executors/select-executor'
import { UnknownValueError } from '../../../src/errors/unknown-value-error'

const onGpu = new GraphExecutor({ provider: 'webgpu' })

test('a model on a GPU is moved to the processor by what is fast there, though TensorFlow.js has kernels in plain JavaScript', async () => {
  const { executor } = await selectExecutor({ executor: 'graph', provider: 'cpu' })
  expect(tf.getBackend()).toBe('cpu')
  expect(await executorOn('cpu', onGpu)).toBe(executor)
})

test('a model keeps what computes it on its device already, by either name', async () => {
  for (const provider of ['webgpu', 'cuda', 'cpu'] as const) {
    const executor = new GraphExecutor({ provider })
    expect(await executorOn(provider, executor)).toBe(executor)
    expect(await executorOn(`onnxruntime-${provider}`, executor)).toBe(executor)
  }
})

test('the backend of TensorFlow.js that is in use has a name too', async () => {
  await selectBackend({ backend: 'wasm', threads: 1 })
  expect(await executorOn('wasm', onGpu)).toBe(eagerExecutor)
  expect(await executorOn('cpu', eagerExecutor)).toBe(eagerExecutor)
  await expect(executorOn('tpu', eagerExecutor)).rejects.toThrow(UnknownValueError)
})
