/** What an input of a model is for each of the conditions that a prediction is made for. */
import { isPlainObject } from '../../src/format/plain-object'

/**
 * With the prompt and without it. Models of videos with sound have two more: with the prompt by perturbed blocks (spatio-temporal guidance), and with it for
 * pictures and sound apart.
 */
export type ConditionName = 'cond' | 'uncond' | 'stg' | 'modality'

/** An input that differs between conditions: its value for each of them. An object with the field `cond` is one. */
export type Conditions<T = unknown> = { readonly cond: T | undefined } & {
  readonly [K in Exclude<ConditionName, 'cond'>]?: T | undefined
}

/** Whether a value is not one value, but one for each condition. */
export function isConditions(value: unknown): value is Conditions {
  return isPlainObject(value) && Object.hasOwn(value, 'cond')
}
