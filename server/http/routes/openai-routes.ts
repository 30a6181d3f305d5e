/** OpenAI's images API, for clients that speak it. */
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { askerOf } from '../asker-of'
import type { CatalogEntry } from '../catalog'
import { answerOpenAIError, parameterProblem } from '../openai/openai-error'
import { readOpenAIForm } from '../openai/openai-form'
import { readEditPictures } from '../openai/openai-mask'
import { checkOpenAIFields, findOpenAIModel, type OpenAIFields, openAIJob, takesInput } from '../openai/openai-request'
import { Problem } from '../problem'
import type { JobBody } from '../read-job-request'
import { leavingSignal, readJobPictures, runJob } from '../run-job'
import type { Service } from '../service'

/** Adds the routes. Their errors have OpenAI's form. */
export function addOpenAIRoutes(app: FastifyInstance, service: Service): void {
  app.register(async routes => {
    routes.setErrorHandler((error, request, reply) => answerOpenAIError(error, request, reply))
    await routes.register(multipart)
    addModelRoutes(routes, service)
    addImageRoutes(routes, service)
  })
}

function addModelRoutes(app: FastifyInstance, { catalog }: Service): void {
  const created = seconds()
  const view = ({ name }: CatalogEntry) => ({ id: name, object: 'model', created, owned_by: 'tesserae' })

  app.get('/v1/models', async () => ({ object: 'list', data: catalog.all.map(view) }))

  app.get<{ Params: { model: string } }>('/v1/models/:model', async ({ params }) =>
    view(findOpenAIModel(catalog, params.model)),
  )
}

function addImageRoutes(app: FastifyInstance, service: Service): void {
  const { catalog, limits } = service

  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    signal: AbortSignal,
    body: JobBody,
    form: OpenAIFields['response_format'],
  ) => {
    const job = await runJob(service, body, askerOf(request), signal)
    if (job.status === 'cancelled') throw new Problem(409, 'cancelled', 'The job was cancelled.')
    const origin = `${request.protocol}://${request.host}`
    const pictures = await readJobPictures(service, job, app.prefix)
    return reply.header('x-job-id', job.id).send({
      created: seconds(job.endedAt),
      data: pictures.map(({ bytes, path }) => ({
        ...(form !== 'url' && { b64_json: bytes.toString('base64') }),
        ...(form !== 'b64_json' && { url: origin + path }),
      })),
      output_format: job.format,
    })
  }

  app.post('/v1/images/generations', async (request, reply) => {
    const signal = leavingSignal(reply, service)
    const fields = checkOpenAIFields('generations', request.body)
    const entry = findOpenAIModel(catalog, fields.model)
    return answer(request, reply, signal, openAIJob(entry, fields), fields.response_format)
  })

  for (const route of ['edits', 'variations'] as const) {
    app.post(`/v1/images/${route}`, async (request, reply) => {
      const signal = leavingSignal(reply, service)
      const form = await readOpenAIForm(request, route === 'edits', limits.maxBodyBytes)
      const fields = checkOpenAIFields(route, form.fields)
      const entry = findOpenAIModel(catalog, fields.model)
      if (!takesInput(entry, 'image')) {
        const detail = `The model has no workflow for ${route}. Choose another model.`
        throw parameterProblem('model', detail, 'unsupported-model')
      }
      const allowsMask = route === 'edits' ? takesInput(entry, 'maskImage') : undefined
      const pictures = await service.decode(() => readEditPictures(form.image, form.mask, allowsMask, limits.maxPixels))
      return answer(request, reply, signal, openAIJob(entry, fields, pictures), fields.response_format)
    })
  }
}

function seconds(milliseconds = Date.now()): number {
  return Math.floor(milliseconds / 1000)
}
