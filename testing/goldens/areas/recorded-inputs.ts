/** Reads the recorded arguments of a call of a model. */

import type * as tf from '../../../components/tensors/tf'
import { toCamelCase } from '../../../src'
import type { ModelInputs } from './model-subjects'

/** Refers to a tensor of the case. */
export interface TensorName {
  tensor: string
}

/** Whether an argument is a tensor of the case. */
export function isTensorName(value: unknown): value is TensorName {
  return typeof value === 'object' && value !== null && 'tensor' in value
}

/** The arguments by our names: `added_cond_kwargs.time_ids` is a member of `addedCondKwargs`, `residuals.0` of a list. */
export function readInputs(
  given: Readonly<Record<string, unknown>>,
  tensors: ReadonlyMap<string, tf.Tensor>,
): ModelInputs {
  const inputs: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    const [name = '', part] = key.split('.').map(toCamelCase)
    const input = isTensorName(value) ? tensors.get(value.tensor) : value
    if (part === undefined) inputs[name] = input
    else if (/^\d+$/.test(part)) inputs[name] = [...((inputs[name] as unknown[] | undefined) ?? []), input]
    else inputs[name] = { ...(inputs[name] as object | undefined), [part]: input }
  }
  return inputs
}
