/** Components that a job chooses, values that it keeps, and what the studio asks for beside jobs. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { fastify } from 'fastify'
import { Image, type ModularPipeline, StableDiffusionAutoBlocks, tf } from '../../../index'
import { createServer, type JobEvent, type KeptValues, tesseraePlugin } from '../../../server'
import { offeredComponents, prepareOffers } from '../../../server/studio/component-choices'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { injector } from './inject'
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

const inputs = { prompt: 'red apple', numInferenceSteps: 3, guidanceScale: 4 }

/** Asks for a job, and waits for its end. */
async function run(body: object): Promise<{ id: string; events: JobEvent[]; picture: Buffer }> {
  const answer = await served.inject({ method: 'POST', url: '/v1/jobs', payload: { inputs, seed: 5, ...body } })
  expect(answer.statusCode).toBe(202)
  const { id } = answer.json()
  const events: JobEvent[] = []
  for await (const { event } of served.queue.events(id)) events.push(event)
  expect((await served.queue.get(id))?.error).toBeUndefined()
  const { rawPayload } = await served.inject({ url: `/v1/jobs/${id}/pictures/images-0.png` })
  return { id, events, picture: rawPayload }
}

const refused = async (components: unknown) => {
  const answer = await served.inject({ method: 'POST', url: '/v1/jobs', payload: { inputs, components } })
  expect(answer.statusCode).toBe(422)
  return answer.json().errors[0]
}

test('a job draws with the scheduler and the guider that it chooses, and others with those of the model', async () => {
  const components = {
    scheduler: { name: 'Euler', settings: { timestepSpacing: 'trailing' } },
    guider: { name: 'apg', settings: { eta: 0.5 } },
  }
  const [scheduler, guider] = [pipe.components.scheduler, pipe.components.guider]
  const before = await run({})
  const tensors = tf.memory().numTensors
  const chosen = await run({ components })
  const again = await run({ components, workflow: 'text2image' })
  const after = await run({})
  expect(after.picture).toEqual(before.picture)
  expect(chosen.picture).not.toEqual(before.picture)
  expect(pipe.components.scheduler).toBe(scheduler)
  expect(pipe.components.guider).toBe(guider)
  expect(tf.memory().numTensors).toBe(tensors)
  // The settings inside the files differ by the workflow alone.
  expect(again.picture.includes('"timestepSpacing":"trailing"')).toBe(true)
})

test('schemas of choices are made piece by piece, and others come first', async () => {
  let turns = 0
  let isDone = false
  const count = () => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  await prepareOffers(new AbortController().signal)
  isDone = true
  const { scheduler, guider } = offeredComponents(pipe.blocks, () => undefined)
  const classes = new Set([scheduler, guider].flatMap(each => each!.choices.map(({ className }) => className)))
  expect(turns).toBeGreaterThanOrEqual(classes.size)
})

test.each([
  [{ sampler_name: 'DPM++ 2M' }, 'dpm++_2m_karras', {}, 'DPM++ 2M, Schedule type: Karras'],
  [
    { sampler_name: 'k_euler', scheduler: 'SGM Uniform' },
    'euler',
    { timestepSpacing: 'trailing' },
    'Euler, Schedule type',
  ],
  [
    { sampler_name: 'DPM++ 2M SDE Karras', scheduler: 'beta' },
    'dpm++_2m_sde_karras',
    {},
    'DPM++ 2M SDE, Schedule type',
  ],
  [
    { sampler_index: 'UniPC', override_settings: { uni_pc_variant: 'bh1', k_sched_type: 'karras' } },
    'unipc_karras',
    { solverType: 'bh1' },
    'UniPC, Schedule type: Karras',
  ],
  [{ scheduler: 'SGM Uniform' }, 'ddim', { timestepSpacing: 'trailing' }, 'DDIM, Schedule type: SGM Uniform'],
])('the sampler of a client, %j, is the scheduler %s of the job', async (fields, name, settings, told) => {
  const { prompt, numInferenceSteps: steps, guidanceScale: cfg_scale } = inputs
  const payload = { prompt, steps, cfg_scale, seed: 5, ...fields }
  const { images, info } = (await served.inject({ method: 'POST', url: '/sdapi/v1/txt2img', payload })).json()
  const { picture } = await run({
    inputs: { ...inputs, promptSyntax: 'a1111' },
    components: { scheduler: { name, settings } },
  })
  expect(await Image.load(Buffer.from(images[0], 'base64'))).toEqual(await Image.load(picture))
  expect(JSON.parse(info).infotexts[0]).toContain(`Sampler: ${told}`)
})

test.each([
  [{ scheduler: { name: 'eulr' } }, '#/components/scheduler/name', 'Did you mean "euler"?'],
  [{ scheduler: { name: 'flow_euler' } }, '#/components/scheduler/name', 'There is no such scheduler.'],
  [{ scheduler: { name: 'euler', settings: { betaStart: 0.1 } } }, '#/components/scheduler/settings/betaStart', ''],
  [
    { scheduler: { name: 'euler', settings: { timestepSpacing: 'x' } } },
    '#/components/scheduler/settings/timestepSpacing',
    '',
  ],
  [
    { scheduler: { name: 'euler', settings: { useKarrasSigmas: true, useBetaSigmas: true } } },
    '#/components/scheduler/settings',
    'only one',
  ],
  [{ guider: { name: 'cfg', settings: { start: 2 } } }, '#/components/guider/settings/start', ''],
  [{ unet: { name: 'x' } }, '#/components/unet', ''],
])('the choice %j is refused at its place', async (components, pointer, detail) => {
  expect(await refused(components)).toEqual({ pointer, detail: expect.stringContaining(detail) })
})

test('settings that are too long are refused', async () => {
  const perturbedGuidanceLayers = Array.from({ length: 5000 }, () => 1)
  const { pointer } = await refused({ guider: { name: 'pag', settings: { perturbedGuidanceLayers } } })
  expect(pointer).toBe('#/components/guider/settings')
})

test('values are kept of a job that asks for them: shapes, statistics and small pictures', async () => {
  const tensors = tf.memory().numTensors
  const { id, events } = await run({ keepValues: true, workflow: 'text2image' })
  expect(tf.memory().numTensors).toBe(tensors)
  const kept = events.filter(({ type }) => type === 'values') as unknown as {
    path: string[]
    step: number | null
    key: string
  }[]
  const steps = kept.filter(({ path }) => path.at(-1) === 'update').map(({ step }) => step)
  expect(steps).toEqual([1, 3])
  const last = kept.findLast(({ path }) => path.at(-1) === 'update') ?? fail('nothing was kept')
  const { values } = (await served.inject({ url: `/v1/jobs/${id}/${last.key}` })).json() as KeptValues
  expect(values['latents']).toMatchObject({
    kind: 'tensor',
    dtype: 'float32',
    shape: [1, 16, 16, 4],
    nonFinite: 0,
    picture: { width: 16, height: 16, channels: 3 },
  })
  const { histogram, statistics } = values['latents'] as Extract<KeptValues['values'][string], { kind: 'tensor' }>
  expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(16 * 16 * 4)
  expect(statistics!.min).toBeLessThan(statistics!.max)
  expect((await served.inject({ url: `/v1/jobs/${id}/values/..%2Fimages-0.png` })).statusCode).toBe(404)
  expect((await run({})).events.some(({ type }) => type === 'values')).toBe(false)
})

test('the blocks of a workflow are drawn with their paths', async () => {
  const answer = await served.inject({ url: '/v1/pipelines/emoji/graph.svg?workflow=text2image' })
  expect(answer.headers['content-type']).toBe('image/svg+xml')
  const paths = [...answer.body.matchAll(/data-path="([^"]*)"/g)].map(([, path = '']) => path.replaceAll('&quot;', '"'))
  expect(paths).toContain('["textEncoder"]')
  expect((await served.inject({ url: '/v1/pipelines/emoji/graph.svg?workflow=x' })).statusCode).toBe(422)
  expect((await served.inject({ url: '/v1/pipelines/x/graph.svg' })).statusCode).toBe(404)
})

test('the page has a policy, and addresses below the prefix of a plugin', async () => {
  const page = await served.inject({ url: '/' })
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.headers['content-security-policy']).not.toContain('unsafe')
  expect(page.body).toContain('src="/studio/studio.js"')
  const script = await served.inject({ url: '/studio/studio.js' })
  const unchanged = await served.inject({
    url: '/studio/studio.js',
    headers: { 'if-none-match': String(script.headers['etag']) },
  })
  expect([script.statusCode, unchanged.statusCode]).toEqual([200, 304])
  for (const name of ['index.html', 'x.js', '..%2Fpackage.json', 'constructor']) {
    expect((await served.inject({ url: `/studio/${name}` })).statusCode).toBe(404)
  }

  const app = fastify()
  await app.register(tesseraePlugin, {
    prefix: '/draw',
    pipelines: { emoji: pipe },
    queue: served.queue,
    results: served.results,
    studio: true,
  })
  await app.register(tesseraePlugin, {
    prefix: '/plain',
    pipelines: { emoji: pipe },
    queue: served.queue,
    results: served.results,
  })
  const other = injector(await app.listen({ port: 0 }))
  expect((await other({ url: '/draw' })).body).toContain('src="/draw/studio/studio.js"')
  expect((await other({ url: '/draw/studio/studio.js' })).statusCode).toBe(200)
  expect((await other({ url: '/plain/' })).statusCode).toBe(404)
  await app.close()
})

test('a connection on which nothing was asked does not keep the server from closing', async () => {
  const other = createServer({ pipelines: { emoji: pipe }, queue: served.queue, results: served.results })
  const { port } = new URL(await other.listen({ port: 0 }))
  const socket = connect(Number(port), '127.0.0.1')
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  // The server has taken it, too.
  await injector(`http://127.0.0.1:${port}`)({ url: '/healthz' })
  await other.close()
  await closed
})
