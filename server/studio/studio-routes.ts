/** The studio: a page to draw with and to look into runs, and what it asks for beside jobs. */
import type { FastifyInstance } from 'fastify'
import { clientOf } from '../http/client-of'
import { Problem } from '../http/problem'
import type { Service } from '../http/service'
import { sendFile } from '../http/stored-file'
import { offersComponents, prepareOffers } from './component-choices'
import { GraphDrawer } from './graph-drawer'
import { PAGE, readStudioFiles } from './studio-files'

/** The page runs its own scripts and styles alone, and sends to no other server. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** What the page holds in place of the prefix of the server's addresses. */
const PREFIX_MARK = '%PREFIX%'

/** Adds the page and its files. They need no key: they are the same for everybody. */
export function addStudioPage(app: FastifyInstance): void {
  const files = readStudioFiles()
  const page = files?.get(PAGE)?.bytes.toString().replaceAll(PREFIX_MARK, app.prefix)

  app.get('/', { config: { isOpen: true } }, async (_request, reply) => {
    if (page === undefined) {
      throw new Problem(404, 'no-studio', 'The studio is not part of this build. Run "npm run build".')
    }
    return reply
      .type('text/html; charset=utf-8')
      .headers({ 'content-security-policy': POLICY, 'cache-control': 'no-cache' })
      .send(page)
  })

  app.get<{ Params: { name: string } }>('/studio/:name', { config: { isOpen: true } }, async (request, reply) => {
    const { name } = request.params
    const file = name === PAGE ? undefined : files?.get(name)
    if (file === undefined) throw new Problem(404, 'not-found', 'There is nothing at this address.')
    reply.headers({ etag: file.etag, 'cache-control': 'no-cache' })
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
    return reply.type(file.mediaType).send(file.bytes)
  })
}

/** Adds what the studio and pages of others ask for: graphs, components to choose, and values of runs. */
export function addStudioRoutes(app: FastifyInstance, service: Service): void {
  const { catalog, results } = service
  const drawer = new GraphDrawer()

  if (catalog.all.some(({ blocks }) => offersComponents(blocks))) {
    app.addHook('onListen', done => {
      // What fails here fails again on request, and is reported then.
      prepareOffers(service.ended).catch(() => undefined)
      done()
    })
  }

  app.get<{ Params: { name: string }; Querystring: { workflow?: string } }>(
    '/v1/pipelines/:name/graph.svg',
    async (request, reply) => {
      const { name, outputs } = catalog.require(request.params.name)
      const { task } = catalog.find(name, request.query.workflow)
      return reply.type('image/svg+xml').send(await drawer.draw(task, outputs))
    },
  )

  app.get<{ Params: { name: string } }>(
    '/v1/pipelines/:name/components',
    async request => catalog.require(request.params.name).components,
  )

  app.get<{ Params: { id: string; file: string } }>('/v1/jobs/:id/values/:file', async (request, reply) => {
    const { id } = await service.findJob(request.params.id, clientOf(request))
    const { file } = request.params
    const found = /^\d{1,6}\.json$/.test(file) ? await results.open(id, `values/${file}`) : undefined
    if (found === undefined) throw new Problem(404, 'unknown-values', 'There are no such values.')
    return sendFile(reply, { ...found, mediaType: 'application/json; charset=utf-8' })
  })
}
