/** The part of the server's description that the studio uses beside jobs. */
import { answer, type Parts, pathParameter, problems } from '../http/open-api-parts'

/** Its paths. */
export function studioPaths(): Parts {
  const name = pathParameter('name')
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
      parameters: [name, { name: 'workflow', in: 'query', required: false, schema: { type: 'string' } }],
      get: operation(
        'drawPipeline',
        'Draw the blocks of a pipeline or of a workflow',
        'The picture. `data-path` of the group of each block is its path, as a list in JSON.',
        'image/svg+xml',
        422,
      ),
    },
    '/v1/jobs/{id}/values/{file}': {
      parameters: [pathParameter('id'), pathParameter('file')],
      get: operation(
        'getValues',
        'Fetch summaries of what a block has written',
        'The summaries: `{ path, block, step, values }`. Events of the type `values` have the addresses.',
        'application/json',
      ),
    },
  }
}

function operation(
  operationId: string,
  summary: string,
  description: string,
  mediaType: string,
  ...codes: number[]
): Parts {
  const schema = { type: mediaType === 'application/json' ? 'object' : 'string' }
  return {
    operationId,
    summary,
    responses: { 200: answer(description, mediaType, schema), ...problems(401, 404, ...codes) },
  }
}
