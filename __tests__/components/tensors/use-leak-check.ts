/** Checks that each test gives back the tensors that it makes, to the byte. */
import * as tf from '@tensorflow/tfjs'

/** The tensors that there are now, and their bytes. */
export function tensorMemory(): { numTensors: number; numBytes: number } {
  const { numTensors, numBytes } = tf.memory()
  return { numTensors, numBytes }
}

/** Compares before and after each test of the file. */
export function useLeakCheck(): void {
  let before: ReturnType<typeof tensorMemory>
  beforeEach(() => {
    before = tensorMemory()
  })
  afterEach(() => {
    expect(tensorMemory()).toEqual(before)
  })
}
