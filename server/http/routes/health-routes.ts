/** Whether a server lives, is ready, and what it counts. */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../problem'
import type { Service } from '../service'

/** Milliseconds that queue and store have to answer. */
const PATIENCE = 2000

/** Adds the routes that need no key. */
export function addHealthRoutes(app: FastifyInstance, service: Service): void {
  app.get('/healthz', { config: { isOpen: true } }, async () => ({ status: 'ok' }))

  app.get('/readyz', { config: { isOpen: true } }, async request => {
    if (!service.isAccepting) throw new Problem(503, 'shutting-down', 'The server is about to stop.')
    try {
      await inTime(Promise.all([service.queue.counts(), service.results.check()]))
    } catch (error) {
      request.log.error({ err: error }, 'the server is not ready')
      throw new Problem(503, 'not-ready', 'The queue or the store of results does not answer.')
    }
    return { status: 'ready' }
  })

  app.get('/metrics', async (_request, reply) => {
    const { registry } = service.metrics
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
