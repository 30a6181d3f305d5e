/** Runs models kernel by kernel, on the current backend of TensorFlow.js. */
import { backendInUse } from '../backends/select-backend'
import * as tf from '../tensors/tf'
import type { Executor, ModelCall, ModelRunOptions } from './executor'

/** Computes a call where it stands. */
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
  async run<I, O>({ forward, inputs }: ModelCall<I, O>, { signal }: ModelRunOptions = {}): Promise<O> {
    signal?.throwIfAborted()
    return forward(inputs)
  },
  prepare() {},
  release() {},
}
