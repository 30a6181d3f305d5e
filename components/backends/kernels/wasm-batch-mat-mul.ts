/**
 * Products of many matrices at the speed of one on the WebAssembly backend. TensorFlow.js computes a batch in a plain loop there, and
 * only a single product with XNNPACK: 1.3 against 20 GFLOP/s for the products of attention.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '../../tensors/tf'

/** The function of the WebAssembly module: two matrices by id and shape, which of them are transposed, and the result's id. */
type NativeMatMul = (
  aId: number,
  aShape: Uint8Array,
  aRank: number,
  bId: number,
  bShape: Uint8Array,
  bRank: number,
  transposeA: number,
  transposeB: number,
  outId: number,
) => void

/** What the package's types leave out of the module. */
interface Emscripten {
  cwrap(name: string, returns: null, parameters: readonly ('number' | 'array')[]): unknown
}

interface Product {
  a: tf.TensorInfo
  b: tf.TensorInfo
  batch: number
}

const nativeOf = new WeakMap<BackendWasm, NativeMatMul>()
let isRegistered = false

/** Puts the fast kernel in place of the package's; to be called after the package is loaded. A second call does nothing. */
export function registerWasmBatchMatMul(): void {
  const original = tf.getKernel(tf.BatchMatMul, 'wasm')
  if (isRegistered || original === undefined) return
  isRegistered = true
  tf.unregisterKernel(tf.BatchMatMul, 'wasm')
  tf.registerKernel({
    ...original,
    kernelFunc: params => {
      const { a, b } = params.inputs as { a: tf.TensorInfo; b: tf.TensorInfo } // The kernel's own inputs.
      const { transposeA, transposeB } = params.attrs as unknown as tf.BatchMatMulAttrs // The kernel's own attributes.
      const batch = tf.util.sizeFromShape(a.shape.slice(0, -2))
      const isPlain = !transposeA && !transposeB && a.dtype === 'float32' && b.dtype === 'float32'
      if (!isPlain || batch === 1 || a.shape.slice(0, -2).join() !== b.shape.slice(0, -2).join())
        return original.kernelFunc(params)
      return multiplyEach(params.backend as BackendWasm, { a, b, batch })
    },
  })
}

/** Multiplies matrix by matrix. Operands and results are windows on the memory of the whole tensors: nothing is copied. */
function multiplyEach(backend: BackendWasm, { a, b, batch }: Product): tf.TensorInfo {
  const [rows, inner, columns] = [...a.shape.slice(-2), ...b.shape.slice(-1)] as [number, number, number] // Of matrices.
  const out = backend.makeOutput([...a.shape.slice(0, -1), columns], 'float32')
  const multiply = nativeMatMul(backend)
  for (let i = 0; i < batch; i++) {
    const left = openWindow(backend, a, [rows, inner], i)
    const right = openWindow(backend, b, [inner, columns], i)
    const result = openWindow(backend, out, [rows, columns], i)
    multiply(left.id, left.shapeBytes, 3, right.id, right.shapeBytes, 3, 0, 0, result.id)
    for (const window of [left, right, result]) window.close()
  }
  return out
}

/** Gives the module an id for one matrix of a tensor. */
function openWindow(backend: BackendWasm, { dataId }: tf.TensorInfo, shape: readonly [number, number], index: number) {
  const size = shape[0] * shape[1]
  const offset = backend.dataIdMap.get(dataId).memoryOffset + index * size * Float32Array.BYTES_PER_ELEMENT
  const window = backend.makeOutput([1, ...shape], 'float32', offset).dataId
  const { id } = backend.dataIdMap.get(window)
  const close = () => {
    // Not disposeData(): that would free the memory, which is the tensor's.
    backend.wasm.tfjs.disposeData(id)
    backend.dataIdMap.delete(window)
  }
  return { id, shapeBytes: new Uint8Array(Int32Array.of(1, ...shape).buffer), close }
}

function nativeMatMul(backend: BackendWasm): NativeMatMul {
  let native = nativeOf.get(backend)
  if (native === undefined) {
    const number = 'number'
    const parameters = [number, 'array', number, number, 'array', number, number, number, number] as const
    native = (backend.wasm as unknown as Emscripten).cwrap(tf.BatchMatMul, null, parameters) as NativeMatMul // As declared above.
    nativeOf.set(backend, native)
  }
  return native
}
