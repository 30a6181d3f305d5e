/** Sends requests as they are, with any header and path. (Fastify's own `inject` needs a module that jest cannot load.) */
import { type IncomingHttpHeaders, request } from 'node:http'

/** A request. */
export interface Injected {
  readonly method?: string
  readonly url: string
  /** An object is sent as JSON. */
  readonly payload?: object | string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** Its answer. */
export interface Answer {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly rawPayload: Buffer
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all kinds
  json(): any
}

/** Makes a function that sends requests to an address. */
export function injector(address: string): (sent: Injected) => Promise<Answer> {
  const { hostname, port } = new URL(address)
  return ({ method = 'GET', url, payload, headers = {} }) =>
    new Promise((resolve, reject) => {
      const isText = typeof payload === 'string' || Buffer.isBuffer(payload)
      const body = payload === undefined || isText ? payload : JSON.stringify(payload)
      const type = payload === undefined || isText ? {} : { 'content-type': 'application/json' }
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const sent = request(
        { hostname, port, method, path: url, agent: false, headers: { ...type, ...length, ...headers } },
        answer => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('error', reject)
          answer.on('end', () => {
            const rawPayload = Buffer.concat(chunks)
            const body = rawPayload.toString()
            const { statusCode = 0, headers } = answer
            resolve({ statusCode, headers, rawPayload, body, json: () => JSON.parse(body) })
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
}
