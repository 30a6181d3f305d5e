/** Routes of jobs: ask for one, look at it, cancel it, and fetch its pictures. */
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { JobRequest } from '../../jobs/job'
import { askerOf } from '../asker-of'
import { clientOf } from '../client-of'
import { viewJob } from '../job-view'
import { Problem } from '../problem'
import type { Service } from '../service'
import { sendFile } from '../stored-file'

/** Parameters of routes of one job. */
interface JobParameters {
  readonly id: string
  readonly '*'?: string
}

/** Adds the routes. */
export function addJobRoutes(app: FastifyInstance, service: Service): void {
  const { queue, results } = service
  const { prefix } = app

  app.post('/v1/jobs', async (request, reply) => {
    const asker = { ...askerOf(request), idempotencyKey: idempotencyKeyOf(request) }
    const asked = await service.read(request.body, asker)
    const { job, isNew } = await service.submit(asked)
    if (!isNew) requireSameRequest(job, asked)
    const view = viewJob(job, prefix)
    return reply
      .code(isNew ? 202 : 200)
      .header('location', view.links.self)
      .send(view)
  })

  app.get<{ Params: JobParameters; Querystring: { inputs?: string } }>('/v1/jobs/:id', async request => {
    const job = await service.findJob(request.params.id, clientOf(request))
    return { ...viewJob(job, prefix), ...(request.query.inputs === 'true' && { inputs: job.inputs }) }
  })

  app.delete<{ Params: JobParameters }>('/v1/jobs/:id', async request => {
    const { id } = await service.findJob(request.params.id, clientOf(request))
    const job = await queue.cancel(id)
    return viewJob(job ?? (await service.findJob(id, clientOf(request))), prefix)
  })

  app.get<{ Params: JobParameters }>('/v1/jobs/:id/pictures/*', async (request, reply) => {
    const { id } = await service.findJob(request.params.id, clientOf(request))
    const key = request.params['*'] ?? ''
    // States from which runs continue are there too, and are nobody's business.
    const file = isPictureKey(key) ? await results.open(id, key) : undefined
    if (file === undefined) throw new Problem(404, 'unknown-picture', 'There is no such picture.')
    return sendFile(reply, file)
  })
}

function isPictureKey(key: string): boolean {
  return (
    /^[A-Za-z0-9_~/-][A-Za-z0-9_.~/-]{0,300}\.(?:png|jpe?g|webp)$/.test(key) && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(key)
  )
}

/** The key by which a client repeats a request. @throws Problem (400) for one that is too long */
function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key
  const detail = 'It must have 1 to 255 characters of ASCII.'
  throw new Problem(400, 'invalid-header', 'A header is invalid.', [{ pointer: 'Idempotency-Key', detail }])
}

/** @throws Problem (422) if the key was used for another request */
function requireSameRequest(job: JobRequest, asked: JobRequest): void {
  const same = (['workflow', 'inputs', 'output', 'components'] as const).every(name =>
    isDeepStrictEqual(job[name], asked[name]),
  )
  const matches = (['seed', 'format', 'priority', 'previewEvery', 'keepValues'] as const).every(
    name => asked[name] === undefined || job[name] === asked[name],
  )
  if (same && matches) return
  const detail = 'This key was used for another request. Send another key, or the same body.'
  throw new Problem(422, 'idempotency-key-reused', detail, [{ pointer: 'Idempotency-Key', detail }])
}
