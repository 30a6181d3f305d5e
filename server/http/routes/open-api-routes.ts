/** The server's description, for tools and for people. */
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { openApi } from '../open-api'
import { openApiPage } from '../open-api-page'
import { packageVersion } from '../package-version'
import type { Service } from '../service'

/** Adds the routes. */
export function addOpenApiRoutes(app: FastifyInstance, service: Service): void {
  const { prefix } = app
  // It does not change, and may be large.
  const description = JSON.stringify(openApi(service, prefix, packageVersion()))

  app.get('/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(description))

  app.get('/openapi', { config: { isOpen: true } }, async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64')
    const policy = `default-src 'none'; connect-src 'self'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policy)
      .send(openApiPage(`${prefix}/openapi.json`, nonce))
  })
}
