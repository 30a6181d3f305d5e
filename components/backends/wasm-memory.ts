/** The end of a WebAssembly memory, as an error. */
import type * as tf from '../tensors/tf'
import { OutOfMemoryError } from './out-of-memory-error'

/** What the package's types leave out. */
interface WasmBackend extends tf.KernelBackend {
  wasm: { _malloc(bytes: number): number; _free(offset: number): void }
}

const LARGEST_MEMORY = 2 ** 32

/**
 * Makes a backend throw an {@link OutOfMemoryError} where a tensor does not fit. By itself it takes the 0 that `malloc`
 * answers for an address, and writes the tensor over the beginning of its own memory.
 */
export function checkAllocations(backend: tf.KernelBackend): void {
  const { wasm } = backend as WasmBackend
  // At its first call the function replaces itself by the module's own; only then it can be wrapped for good.
  wasm._free(wasm._malloc(1))
  const malloc = wasm._malloc
  wasm._malloc = bytes => {
    const offset = bytes < LARGEST_MEMORY ? malloc(bytes) : 0
    if (offset === 0 && bytes > 0) throw new OutOfMemoryError(bytes, 'a WebAssembly memory holds 4 GiB at most')
    return offset
  }
}
