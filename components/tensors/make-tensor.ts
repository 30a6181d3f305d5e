/** Makes tensors of many numbers without blocking the event loop. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { inPieces, runInSlices } from '../../src/runtime/time-slice'
import * as tf from './tf'

/** Numbers from which copying takes longer than a slice. */
const LARGE = 2 ** 21

/** Numbers that one piece of the loop copies: a millisecond or less, also where threads share the memory. */
const PIECE = 2 ** 16

/**
 * Makes a tensor of float32 as `tf.tensor()` does. The WebAssembly backend copies the numbers into its memory: large ones in slices, between which the
 * event loop runs. They must not change meanwhile. The caller owns the tensor.
 *
 * @throws the reason of `options.signal`
 */
export async function makeTensor<R extends tf.Rank = tf.Rank>(
  values: Float32Array,
  shape: readonly number[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<tf.Tensor<R>> {
  if (values.length < LARGE || tf.getBackend() !== 'wasm') return tf.tensor<R>(values, [...shape] as tf.ShapeMap[R])
  const backend = tf.backend() as BackendWasm
  const tensor = tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], 'float32')) as tf.Tensor<R>
  let isComplete = false
  const copy = (begin: number, end: number) => {
    // Looked up for each piece: the memory is another one after it has grown.
    const target = backend.typedArrayFromHeap(tensor) as Float32Array
    target.set(values.subarray(begin, end), begin)
  }
  try {
    await runInSlices(inPieces(values.length, copy, PIECE), signal)
    isComplete = true
    return tensor
  } finally {
    if (!isComplete) tensor.dispose()
  }
}
