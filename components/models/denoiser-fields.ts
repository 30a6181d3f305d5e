/**
 * From the fields of the group `denoiserInputFields`, which encoders write, to the inputs of a denoiser. Counterpart: the guider_inputs of
 * modular_pipelines/stable_diffusion_xl/denoise.py.
 */
import type { Conditions } from './conditions'
import { ModelInputError } from './model-input-error'

/** Values that blocks have tagged with the group, by name. */
export type DenoiserInputFields = Readonly<Record<string, unknown>>

/** What a denoiser takes of the group. */
export interface FieldTable {
  /** Class of the denoiser, for errors. */
  readonly model: string
  /**
   * Fields that a denoiser calls otherwise, by name, with the path of its input: `pooledPromptEmbeds: 'addedCondKwargs.textEmbeds'`. Each has a value for
   * the negative prompt too, in a field named `negative…`.
   */
  readonly conditions: Readonly<Record<string, string>>
  /** Inputs that fields of the same name go to. One of them has a value for the negative prompt where there is a field named `negative…`. */
  readonly inputs: readonly string[]
}

const NEGATIVE = 'negative'

/**
 * Returns the inputs of a denoiser as a guider takes them: with their conditions, and objects inside of objects.
 *
 * @throws ModelInputError for a field that is not an input of the denoiser
 */
export function inputsOfFields(fields: DenoiserInputFields, table: FieldTable): Record<string, unknown> {
  const inputs: Record<string, unknown> = {}
  const names = new Set(Object.keys(fields).map(name => positiveName(name, table)))
  for (const name of names) {
    const path = Object.hasOwn(table.conditions, name)
      ? table.conditions[name]
      : table.inputs.includes(name)
        ? name
        : undefined
    if (path === undefined) {
      const known = [...Object.keys(table.conditions), ...table.inputs].join(', ')
      const problem = `is not one that it takes. Of the group denoiserInputFields it takes ${known}`
      throw new ModelInputError(table.model, name, problem)
    }
    const negative = negativeName(name)
    const differs = Object.hasOwn(table.conditions, name) || Object.hasOwn(fields, negative)
    put(inputs, path.split('.'), differs ? conditionsOf(fields[name], fields[negative]) : fields[name])
  }
  return inputs
}

function conditionsOf(cond: unknown, uncond: unknown): Conditions {
  return { cond, uncond }
}

/** `promptEmbeds` for `negativePromptEmbeds`. */
function positiveName(name: string, { conditions, inputs }: FieldTable): string {
  if (!name.startsWith(NEGATIVE)) return name
  const rest = name.slice(NEGATIVE.length)
  const positive = `${rest.charAt(0).toLowerCase()}${rest.slice(1)}`
  return Object.hasOwn(conditions, positive) || inputs.includes(positive) ? positive : name
}

function negativeName(name: string): string {
  return `${NEGATIVE}${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

function put(target: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[name] = value
    return
  }
  target[name] ??= {}
  put(target[name] as Record<string, unknown>, rest, value)
}
