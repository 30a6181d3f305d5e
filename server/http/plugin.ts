/** The routes as a Fastify plugin, to be mounted in an app. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addStudioPage, addStudioRoutes } from '../studio/studio-routes'
import { traceRequests } from '../trace/request-span'
import { answerProblem } from './answer-problem'
import { rememberClient } from './client-of'
import { Problem } from './problem'
import { addA1111Routes } from './routes/a1111-routes'
import { addCatalogRoutes } from './routes/catalog-routes'
import { addEventRoutes } from './routes/event-routes'
import { addHealthRoutes } from './routes/health-routes'
import { addJobRoutes } from './routes/job-routes'
import { addOpenApiRoutes } from './routes/open-api-routes'
import { addOpenAIRoutes } from './routes/openai-routes'
import { Service, type ServiceOptions } from './service'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route answers without a key. */
    isOpen?: boolean
  }
}

/** Headers of every answer: it is shown as what it says it is, and in no frame. */
const SECURITY = { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' }

/**
 * Serves pipelines inside a Fastify app. Its hooks, errors and limits hold for its own routes alone.
 *
 * ```ts
 * const app = fastify()
 * await app.register(tesseraePlugin, { prefix: '/draw', pipelines: { emoji: pipe }, queue, results })
 * ```
 *
 * @throws InvalidServerOptionError when it is registered
 */
export async function tesseraePlugin(app: FastifyInstance, options: ServiceOptions): Promise<void> {
  addService(app, new Service(options))
}

/** Adds all routes of a service. */
export function addService(app: FastifyInstance, service: Service): void {
  const { origins, keys, metrics, limits } = service
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply))
  // An app has one for each prefix; that of the whole app is its own business.
  if (app.prefix !== '') app.setNotFoundHandler(answerNotFound)
  // What a page may send without being asked is not read at all.
  app.removeContentTypeParser('text/plain')
  app.addHook('onRoute', route => {
    route.bodyLimit ??= limits.maxBodyBytes
  })
  traceRequests(app)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY)
    origins.check(request, reply)
    if (request.method !== 'OPTIONS' && !request.routeOptions.config?.isOpen)
      rememberClient(request, keys.clientOf(request))
  })
  app.addHook('onResponse', async (request, reply) => {
    metrics.requests.observe(
      { method: request.method, route: routeOf(request), status: reply.statusCode },
      reply.elapsedTime / 1000,
    )
  })
  app.addHook('preClose', async () => service.end())
  app.options('/*', async (request, reply) => origins.answerPreflight(request, reply))

  addHealthRoutes(app, service)
  addCatalogRoutes(app, service)
  addJobRoutes(app, service)
  addEventRoutes(app, service)
  addOpenAIRoutes(app, service)
  addA1111Routes(app, service)
  addOpenApiRoutes(app, service)
  addStudioRoutes(app, service)
  if (service.hasStudio) addStudioPage(app)
}

/** Answers requests that no route is for. */
export function answerNotFound(request: FastifyRequest, reply: FastifyReply): void {
  answerProblem(new Problem(404, 'not-found', 'There is nothing at this address.'), request, reply)
}

/** The route's pattern: addresses of all jobs would be counted apart otherwise. */
function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? 'none'
}
