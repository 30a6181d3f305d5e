/** The plugin inside of an app of somebody's own, below a prefix. */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FastifyInstance, fastify } from 'fastify'
import OpenAI from 'openai'
import { createWorker, EmbeddedQueue, FolderStore, tesseraePlugin } from 'tesserae/server'
import { injector } from './inject'
import { DrawGrey } from './served'

const folder = mkdtempSync(join(tmpdir(), 'tesserae-plugin-'))
const queue = new EmbeddedQueue()
const results = new FolderStore(folder)
const pipelines = { grey: new DrawGrey().initPipeline() }
const worker = createWorker({ queue, results, pipelines, isolate: false })
let app: FastifyInstance
let address = ''
let inject: ReturnType<typeof injector>

beforeAll(async () => {
  app = fastify()
  app.get('/', async (_request, reply) => reply.type('text/plain').send('of the app'))
  app.post('/own', async request => request.body)
  await app.register(tesseraePlugin, { prefix: '/draw', pipelines, queue, results })
  await app.listen({ port: 0, host: '127.0.0.1' })
  address = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  inject = injector(address)
})

afterAll(async () => {
  await worker.close()
  await app.close()
  await queue.close()
  rmSync(folder, { recursive: true, force: true })
})

test('all addresses of a job are below the prefix', async () => {
  const accepted = await inject({ method: 'POST', url: '/draw/v1/jobs', payload: { inputs: { prompt: 'fog' } } })
  expect(accepted.statusCode).toBe(202)
  const { id } = accepted.json()
  expect(accepted.headers.location).toBe(`/draw/v1/jobs/${id}`)
  const events = await inject({ url: `/draw/v1/jobs/${id}/events` })
  expect(events.body).toContain('"type":"finished"')
  const job = (await inject({ url: `/draw/v1/jobs/${id}` })).json()
  const text = JSON.stringify(job)
  const urls = [...text.matchAll(/"(\/[^"]*pictures[^"]*)"/g)].map(([, url]) => url as string)
  expect(urls.length).toBeGreaterThan(0)
  for (const url of urls) {
    expect(url).toMatch(/^\/draw\/v1\/jobs\//)
    expect((await inject({ url })).headers['content-type']).toBe('image/png')
  }
})

test('clients of other APIs work below the prefix', async () => {
  const client = new OpenAI({ apiKey: 'none', baseURL: `${address}/draw/v1`, maxRetries: 0 })
  const { data } = await client.images.generate({ prompt: 'fog' })
  expect(data?.[0]?.url).toContain('/draw/v1/jobs/')
  const { pathname } = new URL(data?.[0]?.url as string)
  expect((await inject({ url: pathname })).statusCode).toBe(200)
  const answer = await inject({ method: 'POST', url: '/draw/sdapi/v1/txt2img', payload: { prompt: 'fog' } })
  expect(answer.json().images).toHaveLength(1)
})

test('the description names the prefix, and the page finds it', async () => {
  const description = (await inject({ url: '/draw/openapi.json' })).json()
  const places = (description.servers ?? []).map(({ url }: { url: string }) => url)
  const paths = Object.keys(description.paths)
  expect([...places, ...paths].some(place => place.startsWith('/draw'))).toBe(true)
  expect((await inject({ url: '/draw/openapi' })).statusCode).toBe(200)
  for (const route of ['healthz', 'readyz', 'metrics']) {
    expect((await inject({ url: `/draw/${route}` })).statusCode).toBe(200)
  }
})

test('problems below the prefix are those of the plugin, and the app keeps its own', async () => {
  const missing = await inject({ url: '/draw/nothing' })
  expect([missing.statusCode, missing.headers['content-type']]).toEqual([
    404,
    expect.stringContaining('application/problem+json'),
  ])
  const own = await inject({ url: '/nothing' })
  expect([own.statusCode, own.json().message]).toEqual([404, 'Route GET:/nothing not found'])
  // Hooks and parsers of the plugin do not reach the app.
  const page = await inject({ url: '/', headers: { host: 'app.example' } })
  expect([page.statusCode, page.body, page.headers['x-frame-options']]).toEqual([200, 'of the app', undefined])
  const headers = { 'content-type': 'text/plain' }
  expect((await inject({ method: 'POST', url: '/own', payload: 'a text', headers })).body).toBe('a text')
  expect((await inject({ url: '/draw/v1/pipelines', headers: { host: 'evil.example' } })).statusCode).toBe(421)
})
