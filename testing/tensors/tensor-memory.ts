/** How many tensors there are, so that a test can tell whether it has left some. */
import * as tf from '../../components/tensors/tf'

/** The tensors of the backend at one moment. */
export interface TensorMemory {
  /** Number of tensors. */
  readonly numTensors: number
  /** Bytes of all tensors. */
  readonly numBytes: number
}

/** Returns the number of tensors that exist now, and their bytes. */
export function tensorMemory(): TensorMemory {
  const { numTensors, numBytes } = tf.memory()
  return { numTensors, numBytes }
}

/** Returns what has changed since a moment, in words; `undefined` if nothing has. */
export function tensorsSince(before: TensorMemory): string | undefined {
  const now = tensorMemory()
  const tensors = now.numTensors - before.numTensors
  const bytes = now.numBytes - before.numBytes
  if (tensors === 0 && bytes === 0) return undefined
  const change = (count: number) => (count < 0 ? `${-count} fewer` : `${count} more`)
  return `${change(tensors)} tensor(s) than before, ${change(bytes)} byte(s)`
}
