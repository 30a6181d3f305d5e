/** The bundled model behind a server: the pictures are those of the pipeline. */
import { Image, type ModularPipeline, StableDiffusionAutoBlocks, tf } from '../../../index'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { type Served, serve } from './served'

let pipe: ModularPipeline<StableDiffusionAutoBlocks>
let served: Served

beforeAll(async () => {
  pipe = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)
  await pipe.loadComponents({ executor: 'graph' })
  served = await serve({ pipelines: { emoji: pipe } })
})
afterAll(async () => {
  await served.close()
  pipe.dispose()
})

async function post(body: object): Promise<string> {
  const answer = await served.inject({ method: 'POST', url: '/v1/jobs', payload: body })
  expect(answer.statusCode).toBe(202)
  return answer.json().id
}

const inputs = { prompt: 'red apple', numInferenceSteps: 2, guidanceScale: 4 }

test('a picture over HTTP is that of the pipeline with the same seed, and no tensor stays', async () => {
  const [direct] = await pipe(inputs, { output: 'images', seed: 5 })
  const before = tf.memory().numTensors
  const id = await post({ inputs, seed: 5, previewEvery: 1 })
  const events = (await served.inject({ url: `/v1/jobs/${id}/events` })).body
  expect(events).toContain('"type":"finished"')
  const { result } = (await served.inject({ url: `/v1/jobs/${id}` })).json()
  const file = await served.inject({ url: result.pictures[0].url })
  expect(await Image.load(file.rawPayload)).toEqual(direct)
  const [, preview = ''] = /"images":\[\{"url":"([^"]+)"/.exec(events) ?? []
  expect((await served.inject({ url: preview })).headers['content-type']).toBe('image/png')
  expect(tf.memory().numTensors).toBe(before)
})

test.each(['webp', 'jpeg'])('a picture changes another, and is sent as %s', async format => {
  const image = new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(200) })
  const sent = (await image.toPng()).toString('base64')
  const id = await post({ workflow: 'image2image', inputs: { ...inputs, image: sent, strength: 0.9 }, format })
  for await (const _ of served.queue.events(id));
  const { result, error } = (await served.inject({ url: `/v1/jobs/${id}` })).json()
  expect(error).toBeNull()
  expect((await served.inject({ url: result.pictures[0].url })).headers['content-type']).toBe(`image/${format}`)
})

test('a job that is cancelled stops within a step', async () => {
  const id = await post({ inputs: { ...inputs, numInferenceSteps: 100 } })
  let steps = 0
  let isCancelled = false
  for await (const { event } of served.queue.events(id)) {
    if (event.type === 'loopStep') steps++
    if (event.type === 'loopStep' && !isCancelled) {
      isCancelled = true
      await served.inject({ method: 'DELETE', url: `/v1/jobs/${id}` })
    }
  }
  expect((await served.queue.get(id))?.status).toBe('cancelled')
  expect(steps).toBeLessThanOrEqual(3)
})

test('what a workflow lacks is refused by name', async () => {
  const answer = await served.inject({ method: 'POST', url: '/v1/jobs', payload: { workflow: 'inpainting', inputs } })
  expect(answer.json().errors).toEqual([{ pointer: '#/inputs/image', detail: 'It is required.' }])
})
