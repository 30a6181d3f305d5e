/** The server's own description: OpenAPI 3.1. */
import type { JsonSchema } from '../../src'
import { studioPaths } from '../studio/open-api-studio'
import type { CatalogEntry } from './catalog'
import { clientPaths } from './open-api-clients'
import { answer, type Parts, pathParameter, problems } from './open-api-parts'
import { jobBodySchema } from './read-job-request'
import type { Service } from './service'

const JOB: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    status: { enum: ['queued', 'running', 'finished', 'failed', 'cancelled'] },
    pipeline: { type: 'string' },
    workflow: { type: 'string' },
    seed: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
    format: { enum: ['png', 'webp', 'jpeg'] },
    output: { type: 'array', items: { type: 'string' } },
    priority: { type: 'integer' },
    attempts: { type: 'integer', description: 'How often a worker has taken the job.' },
    createdAt: { type: 'string', format: 'date-time' },
    startedAt: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
    endedAt: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
    progress: { description: 'The loop that runs: `{ path, step, total }`.' },
    result: {
      description:
        'Of a finished job: `{ outputs, pictures }`. A picture is `{ url, mediaType, width, height, size }`.',
    },
    error: { description: 'Of a failed job: `{ code, message, path, input, issues }`.' },
    links: { type: 'object', properties: { self: { type: 'string' }, events: { type: 'string' } } },
  },
}

const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: { type: 'string', description: 'JSON pointer to the field, e.g. `#/inputs/width`.' },
          detail: { type: 'string' },
        },
      },
    },
  },
}

/** Makes the description. `prefix` is where the addresses begin. */
export function openApi({ catalog, limits, keys }: Service, prefix: string, version: string): Parts {
  const entries = catalog.all
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tesserae',
      version,
      description: 'Runs diffusion pipelines as jobs: submit a job, follow its events, fetch its pictures.',
    },
    servers: [{ url: prefix || '/' }],
    ...(keys.isRequired && { security: [{ bearer: [] }, { header: [] }] }),
    paths: paths(entries),
    components: {
      ...(keys.isRequired && {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      }),
      schemas: {
        Job: JOB,
        Problem: PROBLEM,
        ...Object.fromEntries(entries.flatMap(entry => schemasOf(entry, jobBodySchema(limits)))),
      },
    },
  }
}

function paths(entries: readonly CatalogEntry[]): Parts {
  const job = answer('The job.', 'application/json', { $ref: '#/components/schemas/Job' })
  const requests = entries.map(({ name }) => ({ $ref: `#/components/schemas/${schemaName('Request', name)}` }))
  return {
    '/v1/jobs': {
      post: {
        operationId: 'createJob',
        summary: 'Submit a job',
        parameters: [
          {
            name: 'Idempotency-Key',
            in: 'header',
            schema: { type: 'string', maxLength: 255 },
            description: 'Two requests with the same key make one job.',
          },
        ],
        requestBody: { required: true, content: { 'application/json': { schema: { anyOf: requests } } } },
        responses: {
          202: job,
          200: { ...job, description: 'The job of an earlier request with the same key.' },
          ...problems(400, 401, 403, 413, 415, 421, 422, 429, 503),
        },
      },
    },
    '/v1/jobs/{id}': {
      parameters: [pathParameter('id')],
      get: {
        operationId: 'getJob',
        summary: 'Get a job',
        parameters: [
          { name: 'inputs', in: 'query', schema: { type: 'boolean' }, description: 'Whether to return its inputs.' },
        ],
        responses: { 200: job, ...problems(401, 404) },
      },
      delete: {
        operationId: 'cancelJob',
        summary: 'Cancel a job: at once if it waits, within a step if it runs',
        responses: { 200: job, ...problems(401, 404) },
      },
    },
    '/v1/jobs/{id}/events': {
      parameters: [pathParameter('id')],
      get: {
        operationId: 'followJob',
        summary: 'Follow the events of a job',
        parameters: [
          {
            name: 'Last-Event-ID',
            in: 'header',
            schema: { type: 'string' },
            description: 'Continue after the event with this id.',
          },
          {
            name: 'after',
            in: 'query',
            schema: { type: 'string' },
            description: 'The same, for clients that cannot send headers.',
          },
        ],
        responses: {
          200: answer('Server-sent events: an id, and JSON with a `type`.', 'text/event-stream', { type: 'string' }),
          204: { description: 'There are no more events.' },
          ...problems(400, 401, 404, 503),
        },
      },
    },
    '/v1/jobs/{id}/pictures/{key}': {
      parameters: [pathParameter('id'), pathParameter('key')],
      get: {
        operationId: 'getPicture',
        summary: 'Fetch a picture, with its settings inside',
        responses: { 200: answer('The file.', 'image/*', { type: 'string' }), ...problems(401, 404) },
      },
    },
    '/v1/pipelines': {
      get: {
        operationId: 'listPipelines',
        summary: 'List the pipelines with the schemas of their inputs and outputs',
        responses: { 200: answer('The pipelines.', 'application/json', { type: 'object' }), ...problems(401) },
      },
    },
    '/v1/pipelines/{name}': {
      parameters: [pathParameter('name')],
      get: {
        operationId: 'getPipeline',
        summary: 'Get one pipeline',
        responses: { 200: answer('The pipeline.', 'application/json', { type: 'object' }), ...problems(401, 404) },
      },
    },
    ...studioPaths(),
    ...clientPaths(),
    '/healthz': {
      get: {
        operationId: 'isAlive',
        security: [],
        summary: 'Check whether the server is alive',
        responses: { 200: { description: 'It does.' } },
      },
    },
    '/readyz': {
      get: {
        operationId: 'isReady',
        security: [],
        summary: 'Check whether the server accepts jobs',
        responses: { 200: { description: 'It does.' }, ...problems(503) },
      },
    },
    '/metrics': {
      get: {
        operationId: 'getMetrics',
        summary: 'Counters for Prometheus',
        responses: { 200: answer('The counters.', 'text/plain', { type: 'string' }), ...problems(401) },
      },
    },
  }
}

function schemasOf({ name, description, schema }: CatalogEntry, body: JsonSchema): [string, JsonSchema][] {
  const inputs = schemaName('Inputs', name)
  const request: JsonSchema = {
    ...body,
    title: name,
    description,
    properties: {
      ...body.properties,
      pipeline: { const: name },
      inputs: { $ref: `#/components/schemas/${inputs}` },
    },
  }
  return [
    [inputs, moved(schema.inputs, inputs)],
    [schemaName('Outputs', name), moved(schema.outputs, schemaName('Outputs', name))],
    [schemaName('Request', name), request],
  ]
}

function schemaName(kind: string, pipeline: string): string {
  return `${kind}.${pipeline}`
}

/** The schema at its place in the description, to which references inside it must lead. */
function moved(schema: JsonSchema, name: string): JsonSchema {
  const { $schema: _, ...inner } = schema
  return JSON.parse(
    JSON.stringify(inner, (key, value: unknown) =>
      key === '$ref' && typeof value === 'string' ? value.replace(/^#/, `#/components/schemas/${name}`) : value,
    ),
  ) as JsonSchema
}
