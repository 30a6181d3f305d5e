/** Runs the tests of a file or a describe on one backend of TensorFlow.js. */
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { registerWasmBatchMatMul } from '../../../components/backends/kernels/wasm-batch-mat-mul'

/** Sets the backend before the tests, and checks that each of them leaves as many tensors as it found. */
export function useBackend(name: 'wasm' | 'cpu'): void {
  let tensors: number
  beforeAll(async () => {
    registerWasmBatchMatMul()
    // The cpu backend advertises a faster one on its first use.
    tf.env().set('IS_TEST', true)
    await tf.setBackend(name)
  })
  beforeEach(() => {
    tensors = tf.memory().numTensors
  })
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors)
  })
}
