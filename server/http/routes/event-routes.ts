/** The events of a job, as they come. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isEnded } from '../../jobs/job'
import type { NumberedEvent } from '../../jobs/job-event'
import { clientOf } from '../client-of'
import { sendEvents } from '../event-stream'
import { viewEvent } from '../job-view'
import { Problem } from '../problem'
import type { Service } from '../service'

/** Where a reader that comes back continues. */
interface EventQuery {
  readonly after?: unknown
}

/** Adds the route. */
export function addEventRoutes(app: FastifyInstance, service: Service): void {
  const { queue, metrics, limits, streamOptions } = service
  const { prefix } = app
  let open = 0
  /** Many readers of a job get the same events: the text of each is made once. */
  const texts = new WeakMap<object, string>()
  const textOf = (job: string, { event }: NumberedEvent): string => {
    const known = texts.get(event)
    if (known !== undefined) return known
    const text = JSON.stringify(viewEvent(job, event, prefix))
    texts.set(event, text)
    return text
  }

  app.get<{ Params: { id: string }; Querystring: EventQuery }>('/v1/jobs/:id/events', async (request, reply) => {
    const job = await service.findJob(request.params.id, clientOf(request))
    const after = lastEventOf(request)
    if (open >= limits.maxStreams) {
      throw new Problem(503, 'too-many-streams', 'Too many event streams are open.', undefined, { 'retry-after': '5' })
    }
    const left = new AbortController()
    const signal = AbortSignal.any([service.ended, left.signal])
    const events = queue.events(job.id, { after, signal })[Symbol.asyncIterator]()
    // A browser comes back after the last event, until it learns that there is nothing more.
    const first = isEnded(job) ? await events.next() : undefined
    if (first?.done) return reply.code(204).send()

    reply.hijack()
    open++
    metrics.streams.set(open)
    const response = reply.raw
    response.on('close', () => left.abort())
    // The guards have set headers that a stream has too.
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    const write = (event: NumberedEvent) => textOf(job.id, event)
    try {
      await sendEvents(response, withFirst(first, events), write, signal, streamOptions)
    } catch (error) {
      request.log.error({ err: error }, 'an event stream failed')
      response.destroy()
    } finally {
      open--
      metrics.streams.set(open)
      left.abort()
    }
    return reply
  })
}

async function* withFirst(
  first: IteratorResult<NumberedEvent> | undefined,
  events: AsyncIterator<NumberedEvent>,
): AsyncIterable<NumberedEvent> {
  try {
    for (let next = first ?? (await events.next()); !next.done; next = await events.next()) yield next.value
  } finally {
    await events.return?.()
  }
}

/** @throws Problem (400) for what no event has as its id */
function lastEventOf(request: FastifyRequest<{ Querystring: EventQuery }>): string | undefined {
  const header = request.headers['last-event-id']
  const given = header ?? request.query.after
  if (given === undefined || given === '') return undefined
  if (typeof given === 'string' && /^[\w.:~-]{1,100}$/.test(given)) return given
  const pointer = header === undefined ? 'after' : 'Last-Event-ID'
  throw new Problem(400, 'invalid-header', 'The id of an event is invalid.', [
    { pointer, detail: 'No event has such an id.' },
  ])
}
