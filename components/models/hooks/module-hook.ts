/** Replaces what a part of a model computes, for one call. Counterpart: hooks/hooks.py (ModelHook) */
import type { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { Module } from '../../nn/module'
import type { Forward } from '../../nn/wrap-forwards'
import type * as tf from '../../tensors/tf'

/** What a hook has to work with. */
export interface HookedForward {
  /** The part itself. */
  readonly module: Module
  /** What its forward was called with. */
  readonly args: readonly unknown[]
  /** Computes what the part computes without the hook. */
  readonly run: Forward
  /** The hook's {@link ModuleHook.numbers}, each `[1]`. */
  readonly numbers: readonly tf.Tensor1D[]
  /** The hook's {@link ModuleHook.tensors}. Of a tensor with a row for each sample, the rows of the samples in `args`. */
  readonly tensors: Readonly<Record<string, tf.Tensor>>
}

/**
 * Changes what one part of a model computes. It is given to a call of the model and ends with it, so calls that other runs make of the same
 * model at the same time never see it. It works in operations of TensorFlow.js alone, for it may be recorded as a part of a graph.
 */
export interface ModuleHook {
  /** What it does, with every setting: hooks of equal names, with the same weights, are taken to compute the same, and share a graph. */
  readonly name: string
  /** State-dict name of the part: `mid_block.attentions.0.transformer_blocks.0`. */
  readonly module: string
  /** Numbers that may differ from call to call, e.g. a scale. */
  readonly numbers?: readonly number[] | undefined
  /**
   * Tensors that may differ from call to call, e.g. the embedding of a picture. They belong to the caller. One with as many rows as the call has samples (the
   * pass, for a hook of a pass) is taken to have a row for each. Placeholders may stand for them where a call is only prepared.
   */
  readonly tensors?: Readonly<Record<string, tf.Tensor | TensorPlaceholder>> | undefined
  /**
   * Layers of the hook's own, e.g. the matrices of a LoRA. Their weights may stay in their file, as those of the model
   * do. They belong to the code that loaded them;
   * while they are loaded, the model counts them in its memory and offloads them with its own.
   */
  readonly weights?: Module | undefined
  /** Computes in place of the part's forward. */
  forward(hooked: HookedForward): unknown
}

/** A hook, and the share of the batch that it is for: part `index` of `count` equal ones. All of it where there is no share. */
export type BatchHook = ModuleHook & { readonly share?: BatchShare }

/** Part `index` of `count` equal parts of a batch. */
export interface BatchShare {
  readonly index: number
  readonly count: number
}
