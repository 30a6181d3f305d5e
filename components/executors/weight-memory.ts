/** What an executor reports about the memory that weights take. */
import type { ModelMemory } from '../../src/manager/managed-model'
import type { Module } from '../nn/module'
import type { Quantization } from '../quantization/quantization-names'
import type { ModelCall } from './model-call'

/** The part of an executor that models ask before they are called. */
export interface WeightMemory {
  /** Where the weights lie while models compute. */
  readonly memory: ModelMemory
  /**
   * Bytes that the weights of a model take for its calls of one form.
   *
   * @param hookWeights modules whose weights those calls use beside
   * @param quantization how the model's own weights are quantized; until its first call, the form of a weight tells whether it will be
   */
  weightBytes(model: Module, hookWeights?: readonly Module[], quantization?: Quantization): number
  /** Bytes of a model's weights that the executor itself holds now, beside the tensors of the model. */
  heldBytes(model: Module): number
  /** Tells calls apart for which it holds weights of their own; one text for all, if there is no such difference. */
  formOf(call: ModelCall<never, unknown>): string
  /** Bytes of weights that a call would bring into memory now. */
  missingBytes(call: ModelCall<never, unknown>): number
  /**
   * Keeps copies of weights that only save time within what a memory of that size allows, from the next call on. A greater limit than an earlier one changes nothing.
   *
   * @param memory bytes that the weights of all models may take
   */
  limitMemory(memory: number): void
  /** Settles when nothing of a model is being made or computed, so that what is released for it is free at once. */
  whenIdle(model: Module): Promise<void>
}
