/** The forward passes that a guider asks for: what goes into each, and what came out. */
import { isPlainObject } from '../../src/format/plain-object'
import { type ConditionName, type Conditions, isConditions } from '../models/conditions'
import * as tf from '../tensors/tf'

/**
 * The predictions that guiders combine: with the prompt, without it, and with the prompt by a changed model. The change
 * may skip layers, perturb or blur their attention, perturb blocks in time and space, or separate pictures and sound.
 */
export type PredictionName =
  | 'predCond'
  | 'predUncond'
  | 'predCondSkip'
  | 'predCondSeg'
  | 'predCondStg'
  | 'predCondModality'

/** One input: a tensor or a setting, or lists and objects of them to any depth. */
export type GuiderInput =
  | tf.Tensor
  | number
  | boolean
  | string
  | undefined
  | readonly GuiderInput[]
  | { readonly [name: string]: GuiderInput }

/**
 * What the passes are fed with. An input that differs between conditions is an object with its value for each: `{ cond: prompt, uncond: negative }`
 * ({@link Conditions}), which may be inside of others; all passes share the rest. What is `undefined` is left out.
 */
export type GuiderInputs = Readonly<Record<string, GuiderInput>>

/** What one pass is fed with of an input. */
export type InputOfPass<T> = T extends tf.Tensor
  ? T
  : T extends { readonly cond: infer C }
    ? C
    : T extends readonly (infer E)[]
      ? readonly InputOfPass<E>[]
      : T extends object
        ? { readonly [K in keyof T]: InputOfPass<T[K]> }
        : T

/** What one pass is fed with: of inputs that differ between conditions, the value for its own. */
export type BatchInputs<D extends GuiderInputs> = { readonly [K in keyof D]: InputOfPass<D[K]> }

/** One forward pass. */
export interface GuiderBatch<D extends GuiderInputs = GuiderInputs> {
  /** What the pass yields. */
  readonly prediction: PredictionName
  /** The condition that its inputs are for. */
  readonly condition: ConditionName
  /** What the model is called with. */
  readonly inputs: BatchInputs<D>
  /** What the model has predicted: put it here before the guider is called. */
  noisePred?: tf.Tensor
}

/** A pass, and the condition that it is for. */
export type GuiderPass = readonly [prediction: PredictionName, condition: ConditionName]

/** The batch of a pass; `missing` is called with the path of an input that has a value with the prompt and none for this condition. */
export function prepareBatch<D extends GuiderInputs>(
  data: D,
  [prediction, condition]: GuiderPass,
  missing: (input: string) => Error,
): GuiderBatch<D> {
  const take = (value: unknown, path: string): unknown => {
    if (isConditions(value)) {
      const own = value[condition]
      if (own === undefined && value.cond !== undefined) throw missing(path)
      return own
    }
    if (Array.isArray(value)) return value.map((item, i) => take(item, `${path}.${i}`))
    return isPlainObject(value) ? takeAll(value, `${path}.`) : value
  }
  const takeAll = (values: Readonly<Record<string, unknown>>, prefix: string) => {
    const taken = Object.entries(values).map(([name, value]) => [name, take(value, prefix + name)] as const)
    return Object.fromEntries(taken.filter(([, value]) => value !== undefined))
  }
  return { prediction, condition, inputs: takeAll(data, '') as unknown as BatchInputs<D> } // Built from the same keys.
}
