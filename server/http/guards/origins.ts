/**
 * Prevents third-party web pages from using a server that a visitor's browser can reach. A page may point its own host
 * name at this machine (DNS rebinding), so names in the header Host must be known. Requests from pages of other origins
 * are refused by the header Origin.
 */
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { InvalidServerOptionError } from '../invalid-server-option-error'
import { Problem } from '../problem'

/** Which names and pages a server answers to. */
export interface OriginOptions {
  /** Names in the header Host that the server answers to, beside `localhost` and addresses of numbers. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Origins of pages that may use the server, e.g. `https://app.example`. Default: none but its own (CORS is off). */
  readonly allowedOrigins?: readonly string[] | undefined
}

/** What pages of allowed origins may use. */
const CORS = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-max-age': '600',
  vary: 'origin, access-control-request-headers',
}

/** Headers that pages may send. */
const HEADERS = ['authorization', 'content-type', 'idempotency-key', 'last-event-id', 'x-api-key']

/** Headers that clients of OpenAI send besides: about themselves, and whom they work for. */
const CLIENT_HEADER = /^(?:x-stainless-[a-z-]{1,40}|openai-(?:organization|project))$/

/** Most headers of a client that are allowed: they have about ten. */
const MOST_CLIENT_HEADERS = 32

/** Headers of answers that pages may read. */
const EXPOSED = 'location, retry-after, x-job-id'

/** Checks Host and Origin. */
export class OriginGuard {
  private readonly hosts: ReadonlySet<string>
  private readonly origins: ReadonlySet<string>

  /** @throws InvalidServerOptionError for an origin that is none */
  constructor({ allowedHosts = [], allowedOrigins = [] }: OriginOptions) {
    this.hosts = new Set(['localhost', ...allowedHosts.map(host => host.toLowerCase())])
    for (const origin of allowedOrigins) {
      if (URL.canParse(origin) && new URL(origin).origin === origin) continue
      throw new InvalidServerOptionError(
        'allowedOrigins',
        'expected origins such as "https://app.example", without a path.',
      )
    }
    this.origins = new Set(allowedOrigins)
  }

  /** Refuses a request from elsewhere, and lets pages of allowed origins read the answer. @throws Problem (403, 421) */
  check(request: FastifyRequest, reply: FastifyReply): void {
    const host = request.headers.host
    const name = host === undefined ? undefined : hostName(host)
    if (name === undefined || !(isIP(name) !== 0 || this.hosts.has(name))) {
      throw new Problem(421, 'unknown-host', 'The server does not answer to this name. Its operator can allow it.')
    }
    const { origin } = request.headers
    if (origin === undefined) return
    if (this.origins.has(origin)) {
      reply.headers({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': EXPOSED,
        vary: 'origin',
      })
      return
    }
    if (!isOwnOrigin(origin, host as string)) {
      throw new Problem(
        403,
        'foreign-origin',
        'Pages of other origins may not use this server. Its operator can allow them.',
      )
    }
  }

  /** Answers whether a page may send a request; only where its origin is allowed. */
  answerPreflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { origin } = request.headers
    if (origin !== undefined && this.origins.has(origin)) {
      const asked = String(request.headers['access-control-request-headers'] ?? '').toLowerCase()
      const ofClients = asked.split(',').map(name => name.trim())
      const allowed = [...HEADERS, ...ofClients.filter(name => CLIENT_HEADER.test(name)).slice(0, MOST_CLIENT_HEADERS)]
      reply.headers({ ...CORS, 'access-control-allow-headers': allowed.join(', ') })
    }
    return reply.code(204).send()
  }
}

/** The name in a header Host, without brackets and port; `undefined` if it is malformed. */
function hostName(host: string): string | undefined {
  const [, name] =
    /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(host) ?? /^([A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(host) ?? []
  return name?.toLowerCase().replace(/\.$/, '')
}

/** Whether a page came from this server. Behind a proxy the scheme may differ; name and port do not. */
function isOwnOrigin(origin: string, host: string): boolean {
  return (
    URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol) && new URL(origin).host === host.toLowerCase()
  )
}
