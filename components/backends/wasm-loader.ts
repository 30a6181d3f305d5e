/** The WebAssembly backend, with SIMD and, unlike TensorFlow.js by itself in Node, with threads. */
import { availableParallelism } from 'node:os'
import { dirname, sep } from 'node:path'
import * as tf from '../tensors/tf'
import type { BackendLoader } from './backend-loader'
import { initialiseBackend } from './initialise-backend'
import { registerWasmBatchMatMul } from './kernels/wasm-batch-mat-mul'
import { withoutProcessListeners } from './process-listeners'
import { quietly } from './quietly'
import { checkAllocations } from './wasm-memory'
import { MAX_WASM_THREADS, withWasmThreads } from './wasm-threads'

type CreateBackend = () => Promise<tf.KernelBackend>

const PACKAGE = '@tensorflow/tfjs-backend-wasm'

export const wasmLoader: BackendLoader = {
  name: 'wasm',
  async load({ threads = availableParallelism() }) {
    const wasm = quietly(() => require(PACKAGE) as typeof import('@tensorflow/tfjs-backend-wasm'))
    registerWasmBatchMatMul()
    wasm.setWasmPaths(dirname(require.resolve(PACKAGE)) + sep)
    await initialiseBackend('wasm', async create => {
      const count = Math.min(MAX_WASM_THREADS, threads)
      wasm.setThreadsCount(count)
      const backend = await withoutProcessListeners(() => createWithThreads(count, create))
      checkAllocations(backend)
      return backend
    })
    const count = wasm.getThreadsCount()
    return {
      tfjsName: 'wasm',
      device: `CPU, ${count} ${count === 1 ? 'thread' : 'threads'}`,
      version: `${PACKAGE} ${wasm.version_wasm}`,
    }
  },
}

/** Threads can be forbidden, as by Node's permission model: then the module without them is taken. */
async function createWithThreads(count: number, create: CreateBackend): Promise<tf.KernelBackend> {
  if (count > 1) {
    try {
      return await withWasmThreads(count, create)
    } catch {}
  }
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  return create()
}
