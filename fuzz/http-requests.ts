/** Requests that no client should send, and what a server must answer them with: a 4xx, never a crash, and nothing of the machine. */
import { Agent, request } from 'node:http'
import fc from 'fast-check'
import { LONG_TEXT_PICTURE, PICTURE_BOMBS } from './picture-bombs'

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

const BOMBS = [BOMB, ...PICTURE_BOMBS.map(bomb => bomb.toString('base64'))]

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
    ...BOMBS,
    ...BOMBS.map(bomb => `data:image/png;base64,${bomb}`),
    LONG_TEXT_PICTURE.toString('base64'),
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

/** A part of a form; its picture is never a good one. */
const part = fc.record({
  name: fc.oneof(fc.constantFrom('image', 'image[]', 'mask', 'prompt', 'n', 'size', 'model', '__proto__'), headerText),
  file: fc.oneof(fc.constant(undefined), fc.constant('picture.png'), headerText),
  type: fc.oneof(fc.constantFrom('image/png', 'text/plain'), headerText),
  body: fc.oneof(
    anyText.map(text => Buffer.from(text)),
    fc.constantFrom(...PICTURE_BOMBS),
    fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  ),
})
const form = fc
  .tuple(fc.array(part, { maxLength: 60 }), fc.constantFrom('--x--\r\n', '--x--', '', '--x\r\n'))
  .map(([parts, end]) =>
    Buffer.concat([
      ...parts.flatMap(({ name, file, type, body }) => [
        Buffer.from(
          `--x\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"`}\r\n`,
        ),
        Buffer.from(`Content-Type: ${type}\r\n\r\n`),
        body,
        Buffer.from('\r\n'),
      ]),
      Buffer.from(end),
    ]),
  )
const formRequests: fc.Arbitrary<HttpRequest> = fc.record({
  method: fc.constant('POST'),
  path: fc.constantFrom('/v1/images/edits', '/v1/images/variations', '/v1/jobs'),
  headers: fc.constant({ 'content-type': 'multipart/form-data; boundary=x' }),
  body: form,
})

/** Requests of other servers' clients, with one field that is always wrong: right ones would wait for a worker. */
const foreignRequests: fc.Arbitrary<HttpRequest> = fc
  .oneof(
    fc.record({
      path: fc.constantFrom('/sdapi/v1/txt2img', '/sdapi/v1/img2img'),
      body: fc.record(
        {
          prompt: anyText,
          steps: fc.oneof(anyNumber, anyJson),
          cfg_scale: anyJson,
          seed: anyNumber,
          sampler_name: fc.oneof(fc.constantFrom('Euler', 'DPM++ 2M'), anyJson),
          scheduler: anyJson,
          override_settings: anyJson,
          init_images: fc.oneof(fc.array(fc.constantFrom(...BOMBS), { maxLength: 3 }), anyJson),
          mask: fc.oneof(fc.constantFrom(...BOMBS), anyJson),
          batch_size: anyNumber,
          width: fc.constantFrom(0, -8, '64', 1e300),
        },
        { requiredKeys: ['width'] },
      ),
    }),
    fc.record({
      path: fc.constant('/v1/images/generations'),
      body: fc.record(
        {
          prompt: anyJson,
          model: anyJson,
          size: anyText,
          response_format: anyJson,
          n: fc.constantFrom(0, -1, 'two', 1e300),
        },
        { requiredKeys: ['n'] },
      ),
    }),
  )
  .map(({ path, body }) => ({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }))

/** Any request, most of them nearly right. */
const httpRequests: fc.Arbitrary<HttpRequest> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ method: methods, path: paths, headers, body: bodies }) },
  { weight: 1, arbitrary: formRequests },
  { weight: 1, arbitrary: foreignRequests },
)

/** What no answer may hold: a place of this machine, a line of a stack. */
const PRIVATE = /\/(?:home|work|tmp|root|usr|etc)\/|node_modules|\bat [\w.<>]+ \(|\.[cm]?[jt]s:\d+/

/** Whether an answer that says a field is wrong says which: by a JSON pointer, or as OpenAI's API does. */
function namesField(status: number, text: string): boolean {
  const isOpenAI = text.startsWith('{"error":{')
  if (status !== 422 && !(status === 400 && isOpenAI && text.includes('"code":"invalid_value"'))) return true
  const { error, errors } = JSON.parse(text) as { error?: { param?: unknown }; errors?: { pointer?: unknown }[] }
  if (isOpenAI) return typeof error?.param === 'string' && error.param !== ''
  return (
    errors !== undefined &&
    errors.length > 0 &&
    errors.every(({ pointer }) => /^(?:#|[A-Za-z-]+$)/.test(String(pointer)))
  )
}

/** Milliseconds after which a request counts as never answered. */
const PATIENCE = 60_000

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
      if (status >= 500 || isLeak || !namesField(status, text))
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
    sent.setTimeout(PATIENCE, () => resolve({ status: 599, text: 'The request was not answered.' }))
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
