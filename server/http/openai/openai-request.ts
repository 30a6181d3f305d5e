/** From requests of OpenAI's images API to jobs. */
import type { JsonSchema } from '../../../src'
import type { Catalog, CatalogEntry } from '../catalog'
import { Problem } from '../problem'
import type { JobBody } from '../read-job-request'
import { makeValidator } from '../validate-inputs'
import { parameterProblem } from './openai-error'

/** Fields of a request that are honoured, and others as far as they ask for nothing else. */
export interface OpenAIFields {
  readonly model?: string | null
  readonly prompt?: string
  readonly n?: number | null
  readonly size?: string | null
  readonly response_format?: 'url' | 'b64_json' | null
  readonly output_format?: 'png' | 'jpeg' | 'webp' | null
}

const text = { type: ['string', 'null'], maxLength: 1000 }

/** Fields that all requests have. */
const COMMON = {
  model: { ...text, description: 'Name of the pipeline. Default: the first that the server offers.' },
  n: { type: ['integer', 'null'], minimum: 1, description: 'Number of pictures. Default: 1.' },
  size: {
    type: ['string', 'null'],
    pattern: '^(?:auto|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$',
    description: "Width and height, e.g. `512x512`. Default: the model's own.",
  },
  response_format: { enum: ['url', 'b64_json', null], description: 'Form of the pictures. Default: both.' },
  output_format: { enum: ['png', 'jpeg', 'webp', null], description: 'Format of the pictures. Default: png.' },
  user: { ...text, description: 'Ignored: it does not change the pictures.' },
  quality: { enum: ['auto', 'standard', null] },
  style: { enum: ['vivid', null] },
  background: { enum: ['auto', 'opaque', null] },
  moderation: { enum: ['auto', null] },
  output_compression: { enum: [100, null] },
  stream: { enum: [false, null] },
  partial_images: { enum: [0, null] },
  input_fidelity: { enum: ['low', null] },
}

const prompt = { type: 'string', minLength: 1, maxLength: 32_000, description: 'What the picture should show.' }

/** Schemas of the requests, by the name of the route. Pictures are not among the fields. */
export const openAISchemas = {
  generations: schema({ ...COMMON, prompt }, ['prompt']),
  edits: schema({ ...COMMON, prompt }, ['prompt']),
  variations: schema(COMMON, []),
}

const validators = {
  generations: makeValidator(openAISchemas.generations),
  edits: makeValidator(openAISchemas.edits),
  variations: makeValidator(openAISchemas.variations),
}

/** The routes of the images API. */
export type OpenAIRoute = keyof typeof openAISchemas

/** Checks the fields of a request. @throws Problem that names the field */
export function checkOpenAIFields(route: OpenAIRoute, body: unknown): OpenAIFields {
  if (typeof body !== 'object' || body === null) {
    throw new Problem(400, 'invalid-json', 'The body must be a JSON object. Send it as application/json.')
  }
  const errors = validators[route](body)
  if (errors.length > 0) throw new Problem(422, 'invalid-value', 'The request is invalid.', errors)
  return body
}

/** The pipeline that a request names as its model. @throws Problem (404) */
export function findOpenAIModel(catalog: Catalog, model: string | null | undefined): CatalogEntry {
  const entry = model == null ? catalog.first : catalog.get(model)
  if (entry !== undefined) return entry
  const names = catalog.all.map(({ name }) => `"${name}"`).join(', ')
  throw parameterProblem('model', `There is no such model; there are ${names}.`, 'model-not-found', 404)
}

/** Whether a pipeline has an input. */
export function takesInput({ schema }: CatalogEntry, name: string): boolean {
  return Object.hasOwn(schema.inputs.properties ?? {}, name)
}

/**
 * Makes the job of a request.
 *
 * @param pictures inputs that hold pictures
 * @throws Problem for a field that the pipeline cannot honour
 */
export function openAIJob(
  entry: CatalogEntry,
  { prompt = '', n, size, output_format: format }: OpenAIFields,
  pictures: { readonly image?: string; readonly maskImage?: string | undefined } = {},
): JobBody {
  const inputs: Record<string, unknown> = { ...pictures }
  const add = (param: string, name: string, value: unknown): void => {
    if (!takesInput(entry, name)) throw parameterProblem(param, 'The model does not support it.', 'unsupported-value')
    inputs[name] = value
  }
  if (prompt !== '' || takesInput(entry, 'prompt')) add('prompt', 'prompt', prompt)
  if (n != null && n > 1) add('n', 'numImagesPerPrompt', n)
  if (size != null && size !== 'auto') {
    const [width, height] = size.split('x').map(Number)
    add('size', 'width', width)
    add('size', 'height', height)
  }
  for (const [name, value] of Object.entries(inputs)) if (value === undefined) delete inputs[name]
  const output = entry.outputs.includes('images') ? ['images'] : entry.outputs
  return { pipeline: entry.name, inputs, output, ...(format != null && { format }) }
}

function schema(properties: object, required: readonly string[]): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false } as JsonSchema
}
