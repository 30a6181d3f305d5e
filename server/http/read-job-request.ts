/** From the body of `POST /v1/jobs` to a request that a queue accepts. */
import { InvalidWireValueError, inputsFromWire, type JsonSchema } from '../../src'
import { isSeed, VALID_SEED } from '../../src/params/seed'
import {
  type ChosenComponents,
  type JobRequest,
  type JobTrace,
  LOWEST_PRIORITY,
  PICTURE_FORMATS,
  type PictureFormat,
} from '../jobs/job'
import type { JsonObject } from '../jobs/json'
import { checkChoices } from '../studio/check-choices'
import type { Catalog, CatalogTask } from './catalog'
import { costProblems } from './check-cost'
import { MissingInputs } from './missing-inputs'
import { type FieldProblem, fieldProblem, Problem } from './problem'
import type { CheckedServerLimits } from './server-limits'
import { makeValidator } from './validate-inputs'

/** The body of a request for a job. */
export interface JobBody {
  /** Name of the pipeline (default: the first). */
  readonly pipeline?: string
  /** Name of the workflow (default: the one that the inputs choose). */
  readonly workflow?: string
  /** Inputs by name, as JSON. */
  readonly inputs?: Readonly<Record<string, unknown>>
  /** Seed of the run (default: a random one). */
  readonly seed?: number | string
  /** Format of the pictures (default: `png`). */
  readonly format?: PictureFormat
  /** Names of the outputs to return (default: all). */
  readonly output?: readonly string[]
  /** Jobs of a higher priority run first. */
  readonly priority?: number
  /** Steps between two previews; without it, there are none. */
  readonly previewEvery?: number
  /** Scheduler and guider of this job alone. */
  readonly components?: ChosenComponents
  /** Whether summaries of what each block writes are kept. */
  readonly keepValues?: boolean
}

/** What asks: the client, and the key by which its requests are told apart. */
export interface Asker {
  readonly client: string
  readonly idempotencyKey?: string | undefined
  /** The trace that its job belongs to. */
  readonly trace?: JobTrace | undefined
}

/** The schema of the body, but for the inputs, which depend on the pipeline. */
export function jobBodySchema({ minPriority }: CheckedServerLimits): JsonSchema {
  const name = { type: 'string', minLength: 1, maxLength: 100 }
  return {
    type: 'object',
    properties: {
      pipeline: { ...name, description: 'Name of the pipeline. Default: the first that the server offers.' },
      workflow: { ...name, description: 'Workflow of the pipeline. Default: the one that the inputs choose.' },
      inputs: {
        type: 'object',
        description: 'Inputs of the pipeline, by name. `null` means that an input is left out.',
      },
      seed: {
        anyOf: [
          { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
          { type: 'string', pattern: '^-?[0-9]{1,20}$' } as JsonSchema,
        ],
        description:
          'Seed of the random numbers; a string of digits if a JSON number would not be exact. Default: a random one.',
      },
      format: { enum: PICTURE_FORMATS, default: 'png', description: 'Format of the pictures.' },
      output: {
        type: 'array',
        items: name,
        minItems: 1,
        maxItems: 20,
        description: 'Names of the outputs to return. Default: the final outputs of the pipeline.',
      } as JsonSchema,
      priority: {
        type: 'integer',
        minimum: minPriority,
        maximum: LOWEST_PRIORITY,
        description: 'Jobs with lower numbers run first. Default: 100.',
      },
      previewEvery: {
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
        description: 'Steps between two previews. Default: no previews.',
      },
      components: componentsSchema(name),
      keepValues: {
        type: 'boolean',
        description: 'Whether to keep summaries of what each block writes, for inspection. Default: false.',
      },
    },
    required: [],
    additionalProperties: false,
  }
}

function componentsSchema(name: JsonSchema): JsonSchema {
  const choice = (description: string): JsonSchema => ({
    type: 'object',
    description,
    properties: { name, settings: { type: 'object', description: 'Settings in place of those of the name.' } },
    required: ['name'],
    additionalProperties: false,
  })
  return {
    type: 'object',
    description: 'Components of this run alone. `GET /v1/pipelines/{name}/components` lists the choices.',
    properties: {
      scheduler: choice("Scheduler with the settings of the model's own, changed to those of the choice."),
      guider: choice('Guider.'),
    },
    additionalProperties: false,
  }
}

/** Reads bodies of requests for jobs. */
export class JobRequestReader {
  private readonly validateBody
  private readonly missing = new WeakMap<object, MissingInputs>()
  /** Pictures are decoded one after another: many at once would need much memory. */
  private decoding: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly catalog: Catalog,
    private readonly limits: CheckedServerLimits,
  ) {
    this.validateBody = makeValidator(jobBodySchema(limits))
  }

  /** @throws Problem that names each field that is wrong */
  async read(body: unknown, { client, idempotencyKey, trace }: Asker): Promise<JobRequest> {
    if (typeof body !== 'object' || body === null) {
      throw new Problem(400, 'invalid-json', 'The body must be a JSON object. Send it as application/json.')
    }
    refuse(this.validateBody(body))
    const {
      pipeline,
      workflow,
      inputs: sent = {},
      seed,
      format,
      output,
      priority,
      previewEvery,
      components,
      keepValues,
    } = body as JobBody
    const { entry, task } = this.catalog.find(pipeline, workflow)
    if (seed !== undefined && !isSeed(typeof seed === 'string' ? BigInt(seed) : seed)) {
      throw fieldProblem(['seed'], `It must be ${VALID_SEED}.`)
    }
    for (const [i, name] of (output ?? []).entries()) {
      if (!entry.outputs.includes(name)) {
        throw fieldProblem(['output', i], `It must be one of ${entry.outputs.map(each => `"${each}"`).join(', ')}.`)
      }
    }
    if (components) refuse(checkChoices(entry, components))
    // Absence is spelled in two ways, as None is in Python.
    const inputs = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== null))
    refuse(task.validate(inputs))
    refuse(costProblems(inputs, task.schema.inputs, this.limits))
    refuse(this.missingFrom(task, inputs))
    await this.checkPictures(task, inputs)
    return {
      pipeline: entry.name,
      workflow,
      inputs: inputs as JsonObject, // It was parsed from JSON.
      output: output ?? entry.outputs,
      seed,
      format,
      priority,
      previewEvery,
      components,
      keepValues,
      client,
      idempotencyKey,
      trace,
    }
  }

  private missingFrom({ blocks }: CatalogTask, inputs: Readonly<Record<string, unknown>>): FieldProblem[] {
    const missing = this.missing.get(blocks) ?? new MissingInputs(blocks)
    this.missing.set(blocks, missing)
    // An embedding that nobody gave is what a missing prompt leads to: what can be sent is named first.
    return missing
      .of(inputs)
      .map(name => ({ pointer: `#/inputs/${name}`, detail: 'It is required with these inputs.' }))
  }

  private async checkPictures({ schema }: CatalogTask, inputs: Readonly<Record<string, unknown>>): Promise<void> {
    const { maxPixels, maxImages: maxValues } = this.limits
    const check = async () => {
      try {
        await inputsFromWire(schema.inputs, inputs, { maxPixels, maxValues })
      } catch (error) {
        if (!(error instanceof InvalidWireValueError)) throw error
        throw fieldProblem(['inputs', ...error.place], error.problem)
      }
    }
    await this.decodeInTurn(check)
  }

  /** Runs what decodes pictures when others are done with it. */
  decodeInTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.decoding.then(work)
    this.decoding = result.catch(() => {})
    return result
  }
}

function refuse(errors: readonly FieldProblem[]): void {
  if (errors.length > 0) throw new Problem(422, 'invalid-input', 'The request is invalid.', errors)
}
