/** Requests that no client should send, and what a server must answer them with: a 4xx, never a crash, and nothing of the machine. */
import { Agent, request } from 'node:http'
import fc from 'fast-check'

/** A request. */
export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

/** What the answers were. */
export interface HttpFuzzResult {
  /** How often each status came; 0 stands for a connection that the server closed without an answer. */
  readonly statuses: ReadonlyMap<number, number>
  /** Requests that were answered as none may be, with the answer. */
  readonly failures: readonly string[]
}

/** The head of a PNG file that says it has 60,000 × 60,000 pixels. */
const BOMB = 'iVBORw0KGgoAAAANSUhEUgAA6mAAAOpgCAYAAACZ6DzWAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC'

const NAMES = [
  'prompt',
  'image',
  'maskImage',
  'width',
  'height',
  'numInferenceSteps',
  'grey',
  '__proto__',
  'constructor',
  'toString',
  '',
]

const anyText = fc.oneof(
  fc.string({ maxLength: 50 }),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.constantFrom(
    '',
    '../../etc/passwd',
    'null',
    '%00',
    '\u0000',
    'file:///etc/passwd',
    'http://localhost/',
    BOMB,
    `data:image/png;base64,${BOMB}`,
  ),
  fc.base64String({ maxLength: 200 }),
)
const anyNumber = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 1e300, 2 ** 53, -0, 1e-300))
const anyJson: fc.Arbitrary<unknown> = fc.oneof(fc.jsonValue({ maxDepth: 4 }), anyText, anyNumber, fc.constant(null))
const inputs = fc.dictionary(fc.constantFrom(...NAMES), anyJson, { maxKeys: 5 })
const choice = fc.record(
  { name: fc.oneof(fc.constantFrom('euler', 'apg'), anyJson), settings: anyJson },
  { requiredKeys: [] },
)
const jobBody = fc.record(
  {
    pipeline: fc.oneof(fc.constantFrom('grey', 'emoji'), anyJson),
    workflow: anyJson,
    inputs: fc.oneof(inputs, anyJson),
    seed: fc.oneof(anyNumber, fc.bigInt().map(String), anyJson),
    format: fc.oneof(fc.constantFrom('png', 'webp'), anyJson),
    output: fc.oneof(fc.constant(['images']), anyJson),
    priority: fc.oneof(anyNumber, anyJson),
    previewEvery: anyJson,
    components: fc.oneof(fc.record({ scheduler: choice, guider: choice }, { requiredKeys: [] }), anyJson),
    keepValues: fc.oneof(fc.boolean(), anyJson),
  },
  { requiredKeys: [] },
)
const goodBody = fc.record({ inputs: fc.record({ prompt: anyText, grey: anyNumber }, { requiredKeys: ['prompt'] }) })
const deep = fc.integer({ min: 1, max: 20_000 }).map(depth => `${'['.repeat(depth)}${']'.repeat(depth)}`)
const bodies: fc.Arbitrary<string | Uint8Array | undefined> = fc.oneof(
  { weight: 6, arbitrary: jobBody.map(body => JSON.stringify(body)) },
  { weight: 3, arbitrary: goodBody.map(body => JSON.stringify(body)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: anyJson.map(body => JSON.stringify(body) ?? '') },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: jobBody.map(body => JSON.stringify(body).slice(0, -1)) },
  { weight: 1, arbitrary: fc.constant(undefined) },
)

/** Headers hold no control characters: Node itself would not send them. */
const headerText = fc.string({ maxLength: 300 }).map(text => text.replace(/[^\x20-\x7e]/g, '?').trim())
const strangeHeaders = fc.record(
  {
    'content-type': fc.oneof(
      { weight: 8, arbitrary: fc.constant('application/json') },
      fc.constantFrom(
        'text/plain',
        'multipart/form-data; boundary=x',
        'multipart/form-data',
        'application/json; charset=utf-7',
      ),
      headerText,
    ),
    host: fc.oneof({ weight: 8, arbitrary: fc.constant('localhost') }, headerText),
    origin: fc.oneof(fc.constantFrom('http://localhost', 'null', 'https://evil.example'), headerText),
    authorization: fc.oneof(
      fc.base64String().map(text => `Basic ${text}`),
      headerText,
    ),
    'idempotency-key': headerText,
    'last-event-id': headerText,
    'accept-encoding': headerText,
    'x-forwarded-for': headerText,
  },
  { requiredKeys: [] },
)
/** Most are right, as a server looks no further otherwise. */
const headers: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ 'content-type': 'application/json' }) },
  { weight: 1, arbitrary: strangeHeaders },
)
const segment = fc.oneof(
  anyText.map(encodeURIComponentSafely),
  fc.constantFrom('grey~0', '..', '.', '%2e%2e', '%', '%zz', 'x'.repeat(500)),
)
const paths = fc.oneof(
  { weight: 6, arbitrary: fc.constant('/v1/jobs') },
  segment.map(id => `/v1/jobs/${id}`),
  segment.map(id => `/v1/jobs/${id}/events`),
  fc.tuple(segment, segment).map(([id, key]) => `/v1/jobs/${id}/pictures/${key}`),
  segment.map(name => `/v1/pipelines/${name}`),
  segment.map(file => `/v1/jobs/x/values/${file}`),
  segment.map(workflow => `/v1/pipelines/grey/graph.svg?workflow=${workflow}&workflow=${workflow}`),
  segment.map(name => `/v1/pipelines/${name}/components`),
  segment.map(name => `/studio/${name}`),
  segment.map(query => `/v1/jobs/x?inputs=${query}&inputs=${query}`),
  segment.map(path => `/${path}`),
  segment.map(name => `/v1/models/${name}`),
  // Right requests to them would wait for a worker; those for jobs are none.
  fc.constantFrom('/v1/images/generations', '/v1/images/edits', '/v1/images/variations'),
  fc.constantFrom('/sdapi/v1/img2img', '/sdapi/v1/options', '/sdapi/v1/interrupt', '/sdapi/v1/progress'),
)
const methods = fc.oneof(
  { weight: 6, arbitrary: fc.constant('POST') },
  fc.constantFrom('GET', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND'),
)

/** Any request, most of them nearly right. */
export const httpRequests: fc.Arbitrary<HttpRequest> = fc.record({
  method: methods,
  path: paths,
  headers,
  body: bodies,
})

/** What no answer may hold: a place of this machine, a line of a stack. */
const PRIVATE = /\/(?:home|work|tmp|root|usr|etc)\/|node_modules|\bat [\w.<>]+ \(|\.[cm]?[jt]s:\d+/

/** Sends requests to a server, some at a time. */
export async function fuzzServer(
  address: string,
  { runs, seed }: { runs: number; seed: number },
): Promise<HttpFuzzResult> {
  const statuses = new Map<number, number>()
  const failures: string[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const queue = fc.sample(httpRequests, { numRuns: runs, seed })
  const sendAll = async () => {
    for (let sent = queue.pop(); sent; sent = queue.pop()) {
      const { status, text } = await send(address, sent, agent)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      // What was sent may be repeated.
      const isLeak = PRIVATE.test(text) && !PRIVATE.test(`${sent.path}${JSON.stringify(sent.headers)}${sent.body}`)
      if (status >= 500 || isLeak)
        failures.push(`${status} ${text.slice(0, 300)} for ${JSON.stringify(sent).slice(0, 1000)}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, sendAll))
  agent.destroy()
  return { statuses, failures }
}

function send(address: string, { method, path, headers, body }: HttpRequest, agent: Agent) {
  const { hostname, port } = new URL(address)
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sent = request({ hostname, port, method, path, agent, headers: { ...headers, ...length } }, answer => {
      let text = ''
      answer.on('data', chunk => {
        text += String(chunk)
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', () => resolve({ status: 0, text }))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server may refuse a body before it was sent; a server that is gone refuses connections.
      if (error.code === 'ECONNREFUSED') reject(error)
      else resolve({ status: 0, text: '' })
    })
    sent.end(body)
  })
}

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))
}
