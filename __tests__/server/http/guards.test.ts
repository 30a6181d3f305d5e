import { Image } from '../../../index'
import { createServer, EmbeddedQueue, FolderStore, InvalidServerOptionError } from '../../../server'
import { injector } from './inject'
import { DrawGrey, type Served, serve } from './served'

const draw = { inputs: { prompt: 'fog' } }
let served: Served
afterEach(() => served?.close())

describe('Host and Origin', () => {
  beforeEach(async () => {
    served = await serve({ allowedHosts: ['draw.example'], allowedOrigins: ['https://app.example'], isWorked: false })
  })

  test.each([
    ['localhost', 202],
    ['localhost:7860', 202],
    ['127.0.0.1:80', 202],
    ['[::1]:7860', 202],
    ['192.168.0.7', 202],
    ['DRAW.example', 202],
    ['evil.example', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['a b', 421],
  ])('the host %j is answered with %d', async (host, status) => {
    expect((await served.post(draw, { host })).statusCode).toBe(status)
  })

  test.each([
    ['http://localhost:7860', 202],
    ['https://app.example', 202],
    ['https://evil.example', 403],
    ['http://localhost:9999', 403],
    ['http://localhost', 403],
    ['null', 403],
    ['file://', 403],
  ])('a page of %j is answered with %d', async (origin, status) => {
    expect((await served.post(draw, { host: 'localhost:7860', origin })).statusCode).toBe(status)
  })

  test('CORS is for pages that are allowed alone', async () => {
    const preflight = (origin: string) =>
      served.inject({ method: 'OPTIONS', url: '/v1/jobs', headers: { origin, host: 'localhost' } })
    const allowed = await preflight('https://app.example')
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, POST, DELETE',
    })
    const foreign = await preflight('https://evil.example')
    expect(foreign.statusCode).toBe(403)
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
    const own = await preflight('http://localhost')
    expect(own.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('API keys', () => {
  const [first, second] = ['first-key-of-a-client', 'second-key-of-a-client']
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

  beforeEach(async () => {
    served = await serve({ apiKeys: [first, second], isWorked: false })
  })

  test.each([
    ['none', {}, 401],
    ['another key', bearer('third-key-of-a-client'), 401],
    ['a part of a key', bearer(first.slice(0, -1)), 401],
    ['an empty one', bearer(''), 401],
    ['the key', bearer(first), 202],
    ['the key in a header of its own', { 'x-api-key': second }, 202],
    ['the key as a password', { authorization: `Basic ${Buffer.from(`me:${first}`).toString('base64')}` }, 202],
  ])('a request with %s is answered as it should', async (_, headers, status) => {
    const answer = await served.post(draw, headers)
    expect(answer.statusCode).toBe(status)
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer')
  })

  test('health needs none, and everything else does', async () => {
    expect((await served.get('/healthz')).statusCode).toBe(200)
    expect((await served.get('/readyz')).statusCode).toBe(200)
    for (const url of ['/metrics', '/v1/pipelines', '/openapi.json', '/v1/jobs/x', '/v1/jobs/x/events', '/nothing']) {
      expect((await served.get(url)).statusCode).toBe(401)
    }
  })

  test('a client sees its own jobs alone', async () => {
    const { id } = (await served.post(draw, bearer(first))).json()
    expect((await served.get(`/v1/jobs/${id}`, bearer(first))).statusCode).toBe(200)
    for (const url of [`/v1/jobs/${id}`, `/v1/jobs/${id}/events`, `/v1/jobs/${id}/pictures/images-0.png`]) {
      expect((await served.get(url, bearer(second))).statusCode).toBe(404)
    }
    const stolen = await served.inject({ method: 'DELETE', url: `/v1/jobs/${id}`, headers: bearer(second) })
    expect(stolen.statusCode).toBe(404)
    expect((await served.queue.get(id))?.status).toBe('queued')
  })
})

describe('limits', () => {
  const limits = { maxBodyBytes: 2000, maxPixels: 100, maxSteps: 5, maxImages: 2, maxQueued: 3, maxJobsPerClient: 2 }

  beforeEach(async () => {
    served = await serve({ limits, isWorked: false })
  })

  test.each([
    ['pixels', { width: 11, height: 10 }, '#/inputs/height'],
    ['pixels of one side', { width: 101 }, '#/inputs/width'],
    ['steps', { numInferenceSteps: 6 }, '#/inputs/numInferenceSteps'],
    ['pictures', { numImagesPerPrompt: 3 }, '#/inputs/numImagesPerPrompt'],
    ['prompts', { prompt: ['a', 'b', 'c'] }, '#/inputs/prompt'],
  ])('%s are counted before the job waits', async (_, inputs, pointer) => {
    const answer = await served.post({ inputs: { prompt: 'fog', ...inputs } })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors).toEqual([{ pointer, detail: expect.stringContaining('more than the limit') }])
  })

  test('a body that is too large is not read', async () => {
    expect((await served.post({ inputs: { prompt: 'x'.repeat(3000) } })).statusCode).toBe(413)
  })

  test('a picture that unpacks to more pixels is refused', async () => {
    const image = await new Image({ width: 11, height: 10, channels: 1, data: new Uint8Array(110) }).toPng()
    const answer = await served.post({ inputs: { prompt: 'a', image: image.toString('base64') } })
    expect(answer.json().errors[0]).toMatchObject({ pointer: '#/inputs/image' })
  })

  test('a client has no more jobs than it may, and learns when to come back', async () => {
    expect((await served.post(draw)).statusCode).toBe(202)
    expect((await served.post(draw)).statusCode).toBe(202)
    const third = await served.post(draw)
    expect(third.statusCode).toBe(429)
    expect(third.headers['retry-after']).toBe('5')
  })

  test('the queue takes no more than it may', async () => {
    await served.close()
    served = await serve({ limits: { ...limits, maxJobsPerClient: 100 }, isWorked: false })
    for (let i = 0; i < 3; i++) expect((await served.post(draw)).statusCode).toBe(202)
    expect((await served.post(draw)).statusCode).toBe(503)
  })
})

describe('createServer()', () => {
  const queue = new EmbeddedQueue()
  const results = new FolderStore('nowhere')
  const pipelines = { grey: new DrawGrey() as unknown as { blocks: DrawGrey } }
  pipelines.grey = { blocks: new DrawGrey() }
  afterAll(() => queue.close())

  test.each([
    ['a limit that is none', { limits: { maxPixels: -1 } }],
    ['an unknown limit', { limits: { pixels: 1 } as never }],
    ['a short key', { apiKeys: ['short'] }],
    ['an origin with a path', { allowedOrigins: ['https://app.example/'] }],
    ['no pipelines', { pipelines: {} }],
    ['a name that no address holds', { pipelines: { 'a/b': pipelines.grey } }],
  ])('refuses %s', (_, options) => {
    expect(() => createServer({ pipelines, queue, results, ...options })).toThrow(InvalidServerOptionError)
  })

  test('binds nothing that others reach without keys', async () => {
    const server = createServer({ pipelines, queue, results })
    await expect(server.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow(InvalidServerOptionError)
    await server.close()
  })

  test('names what uses the port, and an address that the machine does not have', async () => {
    const first = createServer({ pipelines, queue, results })
    const { port } = new URL(await first.listen({ port: 0 }))
    const second = createServer({ pipelines, queue, results, allowAnonymous: true })
    const problem = `another program uses port ${port} of 127.0.0.1. End it, or pass another port`
    await expect(second.listen({ port: Number(port) })).rejects.toMatchObject({
      code: 'INVALID_SERVER_OPTION',
      message: expect.stringContaining(problem),
      cause: { code: 'EADDRINUSE' },
    })
    const elsewhere = second.listen({ host: '192.0.2.1', port: 0 })
    await expect(elsewhere).rejects.toThrow('this machine has no address 192.0.2.1. Pass one of its own')
    await first.close()
    await second.close()
  })

  test('refuses jobs while it closes, and lets workers end first', async () => {
    const order: string[] = []
    const workers = [
      {
        async close() {
          const { statusCode } = await inject({ method: 'POST', url: '/v1/jobs', payload: draw })
          const ready = await inject({ url: '/readyz' })
          const alive = await inject({ url: '/healthz' })
          order.push(`${statusCode} ${ready.statusCode} ${alive.statusCode}`)
        },
      },
    ]
    const server = createServer({ pipelines, queue, results, workers })
    const inject = injector(await server.listen({ port: 0 }))
    await server.close()
    expect(order).toEqual(['503 503 200'])
  })
})
