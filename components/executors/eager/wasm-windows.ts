/**
 * Windows on tensors in the memory of WebAssembly. To copy from there to there would take long: where the memory is shared between threads, JavaScript
 * copies a few hundred megabytes a second.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '../../tensors/tf'

/** What the package's types leave out. */
interface Allocator {
  _free(address: number): void
}

const BYTES = Float32Array.BYTES_PER_ELEMENT

/** A part of a tensor as a tensor of its own, on the same memory, which a tidy around it leaves alone. */
export function openView(
  backend: BackendWasm,
  { dataId }: tf.Tensor,
  begin: number,
  shape: readonly number[],
): { window: tf.Tensor; close: () => void } {
  const address = backend.dataIdMap.get(dataId).memoryOffset + begin * BYTES
  const window = tf.keep(tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], 'float32', address)))
  return { window, close: () => disposeWindow(backend, window) }
}

/** A part of a tensor that is computed. */
export interface WrittenPart {
  readonly whole: tf.Tensor
  /** The place of its first value. */
  readonly begin: number
  /** How many values it has. */
  readonly size: number
  /** Whether tensors of its size that are made on the way may be in its place too. */
  readonly isChain: boolean
}

/** Computes a part of a tensor in its place, or copies it there. */
export function computeInto(backend: BackendWasm, part: WrittenPart, compute: () => tf.Tensor): void {
  const address = backend.dataIdMap.get(part.whole.dataId).memoryOffset + part.begin * BYTES
  const result = part.isChain ? allocatingAt(backend, address, part.size, compute) : compute()
  if (backend.dataIdMap.get(result.dataId).memoryOffset === address) {
    disposeWindow(backend, result)
    return
  }
  const [from, to] = [result, part.whole].map(tensor => backend.typedArrayFromHeap(tensor) as Float32Array)
  to?.set(from ?? [], part.begin)
  result.dispose()
}

/** Places the results of kernels that have so many values at an address while something is computed. */
function allocatingAt(backend: BackendWasm, address: number, size: number, compute: () => tf.Tensor): tf.Tensor {
  const allocator = backend.wasm as unknown as Allocator
  const free = allocator._free
  const makeOutput = backend.makeOutput.bind(backend)
  backend.makeOutput = (shape, dtype, memoryOffset) =>
    makeOutput(shape, dtype, memoryOffset ?? (tf.util.sizeFromShape(shape) === size ? address : undefined))
  allocator._free = freed => {
    if (freed !== address) free(freed)
  }
  try {
    return compute()
  } finally {
    allocator._free = free
    Reflect.deleteProperty(backend, 'makeOutput')
  }
}

/** Disposes a tensor whose memory is that of another. */
function disposeWindow(backend: BackendWasm, window: tf.Tensor): void {
  // No address, which freeing takes for nothing to do.
  backend.dataIdMap.get(window.dataId).memoryOffset = 0
  window.dispose()
}
