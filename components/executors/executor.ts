/** What computes a model: kernels one by one, or the whole as a graph. */
import type { Module } from '../nn/module'
import type { Quantization } from '../quantization/quantization-names'
import type { ModelCall } from './model-call'
import type { WeightMemory } from './weight-memory'

/** Options of one call. */
export interface ModelRunOptions {
  /** Cancels the call: its promise rejects at once, and soon nothing of it is computed any more. */
  signal?: AbortSignal | undefined
}

/** Runs models. One executor serves any number of models and of calls at once. */
export interface Executor extends WeightMemory {
  /** Name of the executor. */
  readonly name: 'eager' | 'graph'
  /** The library behind it, and where that computes: `onnxruntime-cpu`, or a backend of TensorFlow.js, such as `wasm`. */
  readonly backend: string
  /** What it computes on, in words for people: `CPU, 2 threads`. */
  readonly device: string
  /** The package that computes, with its version. */
  readonly version: string
  /** Whether models leave their weights in their files, for the executor to read. */
  readonly readsWeights: boolean
  /** How the weights of models may be quantized. */
  readonly quantizations: readonly Quantization[]
  /**
   * Computes a call. The tensors of the result are the caller's.
   *
   * @throws what the model throws for inputs that do not fit; the reason of `signal`
   */
  run<I, O>(call: ModelCall<I, O>, options?: ModelRunOptions): Promise<O>
  /**
   * Makes ready for a call of this form, in the background, where that saves time later. Placeholders may stand for the tensors. Settles when it
   * is ready or has given up, as it does once `signal` fires.
   */
  prepare(call: ModelCall<never, unknown>, options?: ModelRunOptions): Promise<void>
  /** Releases all that is held for a model. */
  release(model: Module): void
}
