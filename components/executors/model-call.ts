/** What an executor is asked to compute. */
import type { Module } from '../nn/module'
import type { Quantization } from '../quantization/quantization-names'

/** A function of a model, with what it is called with. */
export interface ModelCall<I, O> {
  /** The model that is called. */
  readonly model: Module
  /** Name of the function: what is prepared for one is not taken for another. */
  readonly method: string
  /** Computes it in plain TensorFlow.js operations, without waiting for anything. */
  readonly forward: (inputs: I) => O
  /** Tensors, inside objects and lists to any depth, and settings beside them. */
  readonly inputs: I
  /** Modules whose weights the call uses beside those of the model: those of its hooks. */
  readonly hookWeights?: readonly Module[] | undefined
  /** How the weights of the model are quantized; by default they are not. */
  readonly quantization?: Quantization | undefined
}
