/** Runs the tests of a file or a describe on one backend of TensorFlow.js. */
import * as tf from '@tensorflow/tfjs'
import { selectBackend } from '../../../components/backends/select-backend'

/** Chooses the backend before the tests, by its name, so that models compute eagerly; checks that each test leaves as many tensors as it found. */
export function useBackend(name: 'wasm' | 'cpu'): void {
  let tensors: number
  beforeAll(async () => {
    // Jest fills the processors with files: threads would only wait for each other.
    await selectBackend({ backend: name, threads: 1 })
  })
  beforeEach(() => {
    tensors = tf.memory().numTensors
  })
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors)
  })
}
