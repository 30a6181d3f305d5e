/** Runs the denoiser for the passes that a guider asks for. */

import { OutOfMemoryError } from '../backends/out-of-memory-error'
import { flattenTree, mapTree } from '../backends/recorder/tensor-tree'
import { ModelMemoryError } from '../executors/graph/graph-errors'
import type { ConditionName } from '../models/conditions'
import { hooksKey } from '../models/hooks/hooked-call'
import type { BatchHook } from '../models/hooks/module-hook'
import type { Module } from '../nn/module'
import { concatRows } from '../tensors/concat-rows'
import * as tf from '../tensors/tf'
import type { BaseGuidance } from './guider-base'
import type { BatchInputs, GuiderBatch, GuiderInputs } from './guider-batch'

/**
 * Calls the denoiser. The inputs' tensors have as many rows as the prediction, for one pass or for several.
 * `conditions` has an element for each of these equal parts of a batch.
 */
export type Predict<D extends GuiderInputs> = (
  inputs: BatchInputs<D>,
  hooks: readonly BatchHook[],
  conditions: readonly ConditionName[],
) => Promise<tf.Tensor>

/**
 * Predicts what the guider asks for in this step, and combines it. The passes go through the denoiser in one batch, which is faster, or one after the
 * other, which takes less memory; the result is the same.
 *
 * @param data what the passes are fed with, by name
 * @param together whether the passes go in one batch, if their inputs are of one form but for the rows; a function is asked once in a run. If they turn out not to fit into memory, they go one by one from
 * then on
 * @returns the guided prediction
 * @throws GuiderArgumentError, ModelHookError, and what the denoiser throws
 */
export async function predictConditions<const D extends GuiderInputs>(
  guider: BaseGuidance,
  denoiser: Module,
  data: D,
  predict: Predict<D>,
  together: boolean | (() => boolean),
): Promise<tf.Tensor> {
  const batches = guider.prepareInputs(data)
  const hooks = batches.map(() => guider.prepareModels(denoiser))
  try {
    const decide = typeof together === 'function' ? together : () => together
    if (batches.length > 1 && together && guider.goAtOnce(batches.length, decide)) {
      await predictTogether(batches, hooks, predict).catch((error: unknown) => {
        if (!(error instanceof ModelMemoryError || error instanceof OutOfMemoryError)) throw error
        guider.splitPasses(batches.length)
      })
    }
    for (const [i, batch] of batches.entries()) {
      batch.noisePred ??= await predict(batch.inputs, hooks[i] ?? [], [batch.condition])
      guider.cleanupModels(denoiser)
    }
    return guider.call(batches).pred
  } finally {
    for (const { noisePred } of batches) noisePred?.dispose()
  }
}

/** A form of the calls that {@link predictConditions} makes in a step. */
export interface PlannedCall {
  /** How many passes go in it at once. */
  readonly passes: number
  /** Hooks that change the model in this call. */
  readonly hooks: readonly BatchHook[]
  /** The condition of each pass. */
  readonly conditions: readonly ConditionName[]
}

/** Returns the forms of the calls of the guider's step, each once. The guider is changed as by a step: give a copy. @throws ModelHookError */
export function planCalls(guider: BaseGuidance, denoiser: Module, together: boolean): PlannedCall[] {
  const count = guider.numConditions
  const hooks = Array.from({ length: count }, () => guider.prepareModels(denoiser))
  const { conditions } = guider
  if (together || count === 1) {
    return [{ passes: count, hooks: count === 1 ? (hooks[0] ?? []) : sharesOf(hooks), conditions }]
  }
  const forms = new Map(
    hooks.map((ofPass, i) => {
      const condition = conditions[i] ?? 'cond'
      return [`${condition} ${hooksKey(ofPass)}`, { passes: 1, hooks: ofPass, conditions: [condition] }] as const
    }),
  )
  return [...forms.values()]
}

/** Hooks of passes that go in one batch: each for its share. */
function sharesOf(hooks: readonly (readonly BatchHook[])[]): BatchHook[] {
  const count = hooks.length
  return hooks.flatMap((ofPass, index) => ofPass.map(hook => ({ ...hook, share: { index, count } })))
}

/** Predicts all passes in one batch, if their inputs fit into one. */
async function predictTogether<D extends GuiderInputs>(
  batches: readonly GuiderBatch<D>[],
  hooks: readonly (readonly BatchHook[])[],
  predict: Predict<D>,
): Promise<void> {
  const count = batches.length
  if (new Set(batches.map(({ inputs }) => formOf(inputs))).size > 1) return
  const leaves = batches.map(({ inputs }) => flattenTree(inputs).leaves.map(({ tensor }) => tensor as tf.Tensor)) // Passes have no placeholders.
  const joined: tf.Tensor[] = []
  try {
    for (const i of (leaves[0] ?? []).keys())
      joined.push(await concatRows(leaves.map(ofPass => ofPass[i] as tf.Tensor)))
    const rest = [...joined]
    const inputs = mapTree(batches[0]?.inputs, () => rest.shift()) as BatchInputs<D> // Of the form of one pass.
    const conditions = batches.map(({ condition }) => condition)
    const output = await predict(inputs, sharesOf(hooks), conditions)
    const predictions = tf.split(output, count)
    output.dispose()
    for (const [i, batch] of batches.entries()) batch.noisePred = predictions[i] as tf.Tensor
  } finally {
    tf.dispose(joined)
  }
}

/** Equal for the inputs of passes that fit into one batch: those that differ in the number of rows and in numbers alone. */
function formOf(inputs: unknown): string {
  return JSON.stringify(
    mapTree(inputs, ({ tensor: { shape, dtype } }) => ({ row: shape.slice(1), rank: shape.length, dtype })),
  )
}
