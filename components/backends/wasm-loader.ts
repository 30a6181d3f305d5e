/** The WebAssembly backend, with SIMD and, unlike TensorFlow.js by itself in Node, with threads. */
import { availableParallelism } from 'node:os'
import { dirname, sep } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import type { BackendLoader } from './backend-loader'
import { initialiseBackend } from './initialise-backend'
import { withoutProcessListeners } from './process-listeners'
import { quietly } from './quietly'
import { MAX_WASM_THREADS, withWasmThreads } from './wasm-threads'

export const wasmLoader: BackendLoader = {
  name: 'wasm',
  async load({ threads }) {
    const packageName = '@tensorflow/tfjs-backend-wasm'
    const wasm = quietly(() => require(packageName) as typeof import('@tensorflow/tfjs-backend-wasm'))
    wasm.setWasmPaths(dirname(require.resolve(packageName)) + sep)
    await initialiseBackend('wasm', create =>
      withoutProcessListeners(async () => {
        const count = Math.min(MAX_WASM_THREADS, threads ?? availableParallelism())
        if (count > 1) {
          try {
            wasm.setThreadsCount(count)
            return await withWasmThreads(count, create)
          } catch {
            // Threads can be forbidden, as by Node's permission model: one will do.
          }
        }
        tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
        return create()
      }),
    )
    const count = wasm.getThreadsCount()
    return {
      tfjsName: 'wasm',
      device: `CPU, ${count} ${count === 1 ? 'thread' : 'threads'}`,
      version: `${packageName} ${wasm.version_wasm}`,
    }
  },
}
