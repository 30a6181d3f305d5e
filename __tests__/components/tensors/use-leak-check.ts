/** Checks that each test disposes the tensors that it makes, to the byte. */
import { type TensorMemory, tensorMemory, tensorsSince } from '../../../testing/tensors/tensor-memory'

export { tensorMemory }

/** Compares before and after each test of the file. */
export function useLeakCheck(): void {
  let before: TensorMemory
  beforeEach(() => {
    before = tensorMemory()
  })
  afterEach(() => {
    expect(tensorsSince(before)).toBeUndefined()
  })
}
