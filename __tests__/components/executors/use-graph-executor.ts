/** An executor for the tests of a file or a describe. */
import * as tf from '@tensorflow/tfjs'
import { selectBackend } from '../../../components/backends/select-backend'
import { GraphExecutor, type GraphExecutorOptions } from '../../../components/executors/graph/graph-executor'

/** Makes the executor before the tests, with plain JavaScript around it, and checks that each test leaves as many tensors as it found. */
export function useGraphExecutor(options: GraphExecutorOptions = {}): () => GraphExecutor {
  let executor: GraphExecutor
  let tensors: number
  beforeAll(async () => {
    await selectBackend({ backend: 'cpu' })
    // Jest fills the processors with files: threads would only wait for each other.
    executor = new GraphExecutor({ threads: 1, ...options })
  })
  beforeEach(() => {
    tensors = tf.memory().numTensors
  })
  afterEach(() => {
    executor.dispose()
    expect(tf.memory().numTensors).toBe(tensors)
  })
  return () => executor
}
