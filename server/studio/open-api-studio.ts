/** The part of the server's description that the studio uses beside jobs. */

type Parts = Readonly<Record<string, unknown>>

/** Its paths. */
export function studioPaths(): Parts {
  const name = parameter('name', 'path')
  return {
    '/v1/pipelines/{name}/components': {
      parameters: [name],
      get: operation(
        'listComponents',
        'List the schedulers and guiders that a job may choose',
        'By kind: `{ own, choices: [{ name, className, settings }] }`, with JSON Schemas of the settings.',
        'application/json',
      ),
    },
    '/v1/pipelines/{name}/graph.svg': {
      parameters: [name, parameter('workflow', 'query')],
      get: operation(
        'drawPipeline',
        'Draw the blocks of a pipeline or of a workflow',
        'The picture. `data-path` of the group of each block is its path, as a list in JSON.',
        'image/svg+xml',
        422,
      ),
    },
    '/v1/jobs/{id}/values/{file}': {
      parameters: [parameter('id', 'path'), parameter('file', 'path')],
      get: operation(
        'getValues',
        'Fetch summaries of what a block has written',
        'The summaries: `{ path, block, step, values }`. Events of the type `values` have the addresses.',
        'application/json',
      ),
    },
  }
}

function operation(operationId: string, summary: string, description: string, mediaType: string, ...codes: number[]) {
  const problem = {
    description: 'A problem.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
  const problems = Object.fromEntries([401, 404, ...codes].map(code => [code, problem]))
  const schema = { type: mediaType === 'application/json' ? 'object' : 'string' }
  return {
    operationId,
    summary,
    responses: { 200: { description, content: { [mediaType]: { schema } } }, ...problems },
  }
}

function parameter(name: string, place: 'path' | 'query') {
  return { name, in: place, required: place === 'path', schema: { type: 'string' } }
}
