/** Threads for TensorFlow.js's WebAssembly module in Node, where the package leaves them switched off. */
import { EventEmitter } from 'node:events'
import os from 'node:os'
import { Worker } from 'node:worker_threads'
import * as tf from '../tensors/tf'
import { BackendLoadError } from './backend-loader'

/** The module with threads, and with `.worker.js` the script of its workers. */
const MODULE = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd'

/** Workers that the module makes before it starts, whether they are used or not (PTHREAD_POOL_SIZE of its build). */
const POOL_SIZE = 8

/** Most threads that the module can use. */
export const MAX_WASM_THREADS = POOL_SIZE

/**
 * Runs `start`, which instantiates the module, so that it computes with `threads` threads (2 to 8), the caller's included.
 *
 * The module was built for browsers. What it lacks in Node is given to it while it starts, and removed afterwards:
 * - a global `Worker`. Its own is made from a blob URL, which Node's workers do not read; ours runs the same script from text;
 * - as many processors as it wants to see, because it uses half of them: it takes them for hyper-threads.
 *
 * The threads wait in the module for work and never end by themselves; they do not keep the process alive.
 */
export async function withWasmThreads<T>(threads: number, start: () => Promise<T>): Promise<T> {
  const { cpus } = os
  const globalWorker = Object.getOwnPropertyDescriptor(globalThis, 'Worker')
  let made = 0
  Object.defineProperty(globalThis, 'Worker', {
    configurable: true,
    // The module takes workers from the end of its pool: those before can be empty and cost nothing.
    get: () => (made++ < POOL_SIZE - (threads - 1) ? SpareWorker : WasmWorker),
    // The module would set Node's own Worker here.
    set: () => undefined,
  })
  Object.assign(os, { cpus: () => new Array(2 * threads).fill(cpus()[0]) })
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true)
  try {
    return await start()
  } finally {
    Object.assign(os, { cpus })
    if (globalWorker) Object.defineProperty(globalThis, 'Worker', globalWorker)
    else Reflect.deleteProperty(globalThis, 'Worker')
  }
}

interface PoolMessage {
  cmd: string
}

/** One thread of the module. */
class WasmWorker extends Worker {
  constructor() {
    const { wasmWorkerContents } = require(`${MODULE}.worker.js`) as { wasmWorkerContents: string }
    super(wasmWorkerContents.replaceAll('\n', '\\n'), { eval: true, execArgv: [] })
  }

  override postMessage(message: PoolMessage): void {
    // The module names its own script by a blob, which the script in the worker cannot read.
    super.postMessage(message.cmd === 'load' ? { ...message, urlOrBlob: require.resolve(`${MODULE}.js`) } : message)
  }

  /** Called when the thread begins to work: it would keep the process alive forever. */
  override ref(): void {}
}

/** A worker that says that it is ready and is never used. */
class SpareWorker extends EventEmitter {
  postMessage(message: PoolMessage): void {
    if (message.cmd !== 'load') throw new BackendLoadError('A spare worker was asked to work.')
    setImmediate(() => this.emit('message', { cmd: 'loaded' }))
  }

  ref(): void {}
  unref(): void {}
  terminate(): void {}
}
