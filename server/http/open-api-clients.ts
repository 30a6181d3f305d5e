/** The part of the server's description that other APIs define: OpenAI's images and AUTOMATIC1111's. */
import type { JsonSchema } from '../../src'
import { a1111Schemas } from './a1111/a1111-fields'
import { answer, type Parts, PROBLEM_ANSWER, pathParameter } from './open-api-parts'
import { openAISchemas } from './openai/openai-request'

const PICTURE = { type: 'string', contentMediaType: 'image/*' }

/** Paths of the APIs of other servers. */
export function clientPaths(): Parts {
  return { ...openAIPaths(), ...a1111Paths() }
}

function openAIPaths(): Parts {
  const { generations, edits, variations } = openAISchemas
  const images = 'The pictures: `{ created, data: [{ b64_json, url }], output_format }`.'
  return {
    '/v1/models': { get: operation('listModels', 'OpenAI: list the pipelines as models', 'The models.') },
    '/v1/models/{model}': {
      parameters: [pathParameter('model')],
      get: operation('getModel', 'OpenAI: get one model', 'The model.'),
    },
    '/v1/images/generations': {
      post: operation('createImage', 'OpenAI: draw pictures', images, json(generations)),
    },
    '/v1/images/edits': {
      post: operation(
        'createImageEdit',
        'OpenAI: change a picture where its mask is transparent',
        images,
        form(edits, { image: PICTURE, mask: PICTURE }),
      ),
    },
    '/v1/images/variations': {
      post: operation('createImageVariation', 'OpenAI: vary a picture', images, form(variations, { image: PICTURE })),
    },
  }
}

function a1111Paths(): Parts {
  const images = 'The pictures: `{ images, parameters, info }`.'
  const options: JsonSchema = { type: 'object', properties: { sd_model_checkpoint: { type: 'string' } } }
  const get = (id: string, summary: string, description: string) => ({
    get: operation(id, `AUTOMATIC1111: ${summary}`, description),
  })
  return {
    '/sdapi/v1/txt2img': {
      post: operation('txt2img', 'AUTOMATIC1111: draw pictures', images, json(a1111Schemas.txt2img)),
    },
    '/sdapi/v1/img2img': {
      post: operation('img2img', 'AUTOMATIC1111: change a picture', images, json(a1111Schemas.img2img)),
    },
    '/sdapi/v1/progress': get('getProgress', 'get the progress of a request', 'The oldest request of the client.'),
    '/sdapi/v1/interrupt': {
      post: operation('interrupt', 'AUTOMATIC1111: end the requests of the client', 'An empty object.'),
    },
    '/sdapi/v1/samplers': get('listSamplers', 'list the samplers of the pipeline', 'The samplers.'),
    '/sdapi/v1/schedulers': get('listSchedulers', 'list the noise schedules', 'The schedules.'),
    '/sdapi/v1/sd-models': get('listCheckpoints', 'list the pipelines', 'The pipelines.'),
    '/sdapi/v1/options': {
      ...get('getOptions', 'get the chosen pipeline', 'The options.'),
      post: operation('setOptions', 'AUTOMATIC1111: choose a pipeline', 'An empty object.', json(options)),
    },
  }
}

function operation(operationId: string, summary: string, description: string, requestBody?: Parts): Parts {
  const isOpenAI = summary.startsWith('OpenAI')
  const problem = isOpenAI
    ? answer("An error in OpenAI's form.", 'application/json', { type: 'object' })
    : PROBLEM_ANSWER
  return {
    operationId,
    summary,
    ...(requestBody && { requestBody }),
    responses: {
      200: answer(description, 'application/json', {}),
      '4XX': problem,
      '5XX': problem,
    },
  }
}

function json(schema: JsonSchema): Parts {
  return { required: true, content: { 'application/json': { schema } } }
}

function form(schema: JsonSchema, files: Record<string, JsonSchema>): Parts {
  const { properties, required = [] } = schema
  const whole = { ...schema, properties: { ...properties, ...files }, required: [...required, 'image'] }
  return { required: true, content: { 'multipart/form-data': { schema: whole } } }
}
