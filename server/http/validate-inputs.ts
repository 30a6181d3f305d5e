/** Checks JSON by its schema, and says in words what does not fit. */
import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020'
import { type JsonSchema, UNSENDABLE_KEY } from '../../src'
import { nearestName } from '../../src/errors/nearest-name'
import { type FieldProblem, pointerTo } from './problem'

/** What does not fit; empty where all does. */
export type Validator = (value: unknown) => readonly FieldProblem[]

/** Maximum number of problems that are reported. */
const MOST_PROBLEMS = 10

// It stops at the first problem, so that a long list of them costs nothing.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false, verbose: true })

/** Makes a validator of a schema. `at` is the place of the value in the body of the request. */
export function makeValidator(schema: JsonSchema, at: readonly string[] = []): Validator {
  const validate: ValidateFunction = ajv.compile(schema)
  return value => {
    if (validate(value)) return []
    const errors = validate.errors ?? []
    // Where no choice fits, each says why; the sum of them says nothing more.
    const telling =
      errors.length > 1 ? errors.filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'oneOf') : errors
    return (telling.length > 0 ? telling : errors)
      .slice(0, MOST_PROBLEMS)
      .map(error => ({ pointer: pointerOf(error, at), detail: detailOf(error, schema) }))
  }
}

function pointerOf({ instancePath, keyword, params }: ErrorObject, at: readonly string[]): string {
  const base = pointerTo(at) + instancePath
  const { missingProperty, additionalProperty } = params as Record<string, string | undefined>
  if (keyword === 'required' && missingProperty !== undefined) return base + pointerTo([missingProperty]).slice(1)
  if (keyword === 'additionalProperties' && additionalProperty !== undefined) {
    return base + pointerTo([additionalProperty.slice(0, 100)]).slice(1)
  }
  return base
}

function detailOf(
  { keyword, params, message = 'does not fit', instancePath }: ErrorObject,
  schema: JsonSchema,
): string {
  const unsendable = schema[UNSENDABLE_KEY] ?? {}
  const { missingProperty, additionalProperty, allowedValues } = params as {
    missingProperty?: string
    additionalProperty?: string
    allowedValues?: readonly unknown[]
  }
  if (keyword === 'required' && missingProperty !== undefined) {
    return instancePath === '' && Object.hasOwn(unsendable, missingProperty)
      ? `It is required, but JSON cannot express its type ${unsendable[missingProperty]}.`
      : 'It is required.'
  }
  if (keyword === 'additionalProperties' && additionalProperty !== undefined) {
    if (instancePath !== '') return 'It is not a property of this object.'
    if (Object.hasOwn(unsendable, additionalProperty)) {
      return `JSON cannot express its type ${unsendable[additionalProperty]}. Leave it out.`
    }
    const nearest = nearestName(additionalProperty.slice(0, 100), Object.keys(schema.properties ?? {}))
    return `There is no such input.${nearest ? ` Did you mean "${nearest}"?` : ''}`
  }
  if (allowedValues) return `It must be one of ${allowedValues.map(value => JSON.stringify(value)).join(', ')}.`
  return `It ${message}.`
}
