/** Runs models kernel by kernel, on the current backend of TensorFlow.js. */
import type { ModelMemory } from '../../src/manager/managed-model'
import { CUDA_DEVICE } from '../backends/node-loader'
import { backendInUse } from '../backends/select-backend'
import type { Module } from '../nn/module'
import type { Parameter } from '../nn/parameter'
import * as tf from '../tensors/tf'
import { ProgramCache } from './eager/program-cache'
import type { Executor, ModelRunOptions } from './executor'
import type { ModelCall } from './model-call'
import { gpuMemory, HOST_MEMORY } from './model-memories'

/** That of the processor, of which WebAssembly reaches 4 GiB. */
const WASM_MEMORY: ModelMemory = {
  name: HOST_MEMORY.name,
  available: () => Math.max(0, Math.min(HOST_MEMORY.available() ?? 0, 2 ** 32 - tf.memory().numBytes)),
}

const programs = new ProgramCache()

/**
 * Computes a call kernel by kernel, and yields to the event loop in between. Small calls, and those that cannot be recorded because they read values,
 * are computed at once.
 */
export const eagerExecutor: Executor = {
  name: 'eager',
  get backend() {
    return backendInUse()?.selection?.name ?? tf.getBackend()
  },
  get device() {
    return backendInUse()?.selection?.device ?? 'unknown'
  },
  get version() {
    return backendInUse()?.selection?.version ?? `@tensorflow/tfjs ${tf.version_core}`
  },
  readsWeights: false,
  quantizations: [],
  get memory() {
    const isGpu = ['webgpu', 'webgl'].includes(tf.getBackend()) || this.device === CUDA_DEVICE
    if (isGpu) return gpuMemory(this.backend)
    return tf.getBackend() === 'wasm' ? WASM_MEMORY : HOST_MEMORY
  },
  weightBytes: (model, hookWeights = []) => sumBytes([model, ...hookWeights], () => true),
  // The tensors are the model's own.
  heldBytes: () => 0,
  formOf: () => '',
  missingBytes: ({ model, hookWeights = [] }) => sumBytes([model, ...hookWeights], ({ isInMemory }) => !isInMemory),
  // It makes no copies.
  limitMemory: () => undefined,
  // A call is settled when nothing is computed for it any more.
  whenIdle: () => Promise.resolve(),
  async run<I, O>(call: ModelCall<I, O>, { signal }: ModelRunOptions = {}): Promise<O> {
    signal?.throwIfAborted()
    const prepared = programs.prepare(call as unknown as ModelCall<never, unknown>)
    if (prepared === undefined) return call.forward(call.inputs)
    return (await prepared.program.run(prepared.tensors, { signal })) as O // The result is put together as the model had it.
  },
  prepare: () => Promise.resolve(),
  release(model) {
    programs.release(model)
  },
}

function sumBytes(modules: readonly Module[], isMeant: (parameter: Parameter) => boolean): number {
  return modules
    .flatMap(module => module.parameters())
    .filter(isMeant)
    .reduce((sum, { bytes }) => sum + bytes, 0)
}
