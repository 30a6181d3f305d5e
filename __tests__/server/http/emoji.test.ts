/** The bundled model behind a server: the pictures are those of the pipeline. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Image, type ModularPipeline, StableDiffusionAutoBlocks, tf } from '../../../index'
import {
  createServer,
  createWorker,
  EmbeddedQueue,
  FolderStore,
  type TesseraeServer,
  type Worker,
} from '../../../server'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { injector } from './inject'

let pipe: ModularPipeline<StableDiffusionAutoBlocks>
let server: TesseraeServer
let worker: Worker
let inject: ReturnType<typeof injector>
const queue = new EmbeddedQueue()
const folder = mkdtempSync(join(tmpdir(), 'tesserae-emoji-'))

beforeAll(async () => {
  pipe = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)
  await pipe.loadComponents({ executor: 'graph' })
  const results = new FolderStore(folder)
  const pipelines = { emoji: pipe }
  worker = createWorker({ queue, results, pipelines, isolate: false })
  server = createServer({ pipelines, queue, results, workers: [worker] })
  inject = injector(await server.listen({ port: 0 }))
})
afterAll(async () => {
  await server.close()
  await queue.close()
  pipe.dispose()
  rmSync(folder, { recursive: true, force: true })
})

async function post(body: object): Promise<string> {
  const answer = await inject({ method: 'POST', url: '/v1/jobs', payload: body })
  expect(answer.statusCode).toBe(202)
  return answer.json().id
}

const inputs = { prompt: 'red apple', numInferenceSteps: 2, guidanceScale: 4 }

test('a picture over HTTP is that of the pipeline with the same seed, and no tensor stays', async () => {
  const [direct] = await pipe(inputs, { output: 'images', seed: 5 })
  const before = tf.memory().numTensors
  const id = await post({ inputs, seed: 5, previewEvery: 1 })
  const events = (await inject({ url: `/v1/jobs/${id}/events` })).body
  expect(events).toContain('"type":"finished"')
  const { result } = (await inject({ url: `/v1/jobs/${id}` })).json()
  const file = await inject({ url: result.pictures[0].url })
  expect(await Image.load(file.rawPayload)).toEqual(direct)
  const [, preview = ''] = /"images":\[\{"url":"([^"]+)"/.exec(events) ?? []
  expect((await inject({ url: preview })).headers['content-type']).toBe('image/png')
  expect(tf.memory().numTensors).toBe(before)
})

test.each(['webp', 'jpeg'])('a picture changes another, and is sent as %s', async format => {
  const image = new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(200) })
  const sent = (await image.toPng()).toString('base64')
  const id = await post({ workflow: 'image2image', inputs: { ...inputs, image: sent, strength: 0.9 }, format })
  for await (const _ of queue.events(id));
  const { result, error } = (await inject({ url: `/v1/jobs/${id}` })).json()
  expect(error).toBeNull()
  expect((await inject({ url: result.pictures[0].url })).headers['content-type']).toBe(`image/${format}`)
})

test('a job that is cancelled stops within a step', async () => {
  const id = await post({ inputs: { ...inputs, numInferenceSteps: 100 } })
  let steps = 0
  let isCancelled = false
  for await (const { event } of queue.events(id)) {
    if (event.type === 'loopStep') steps++
    if (event.type === 'loopStep' && !isCancelled) {
      isCancelled = true
      await inject({ method: 'DELETE', url: `/v1/jobs/${id}` })
    }
  }
  expect((await queue.get(id))?.status).toBe('cancelled')
  expect(steps).toBeLessThanOrEqual(3)
})

test('what a workflow lacks is refused by name', async () => {
  const answer = await inject({ method: 'POST', url: '/v1/jobs', payload: { workflow: 'inpainting', inputs } })
  expect(answer.json().errors).toEqual([{ pointer: '#/inputs/image', detail: 'It is required.' }])
})
