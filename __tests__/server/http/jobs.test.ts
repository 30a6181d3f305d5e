import { Image, readPngText } from '../../../index'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { type Served, serve } from './served'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.close())

const draw = { pipeline: 'grey', inputs: { prompt: 'fog' } }

describe('POST /v1/jobs', () => {
  test('accepts a job, which is drawn, and whose picture has its settings inside', async () => {
    const accepted = await served.post({ ...draw, seed: 7 })
    expect(accepted.statusCode).toBe(202)
    const job = accepted.json()
    expect(job).toMatchObject({ pipeline: 'grey', seed: 7, format: 'png', result: null, error: null })
    expect(accepted.headers.location).toBe(`/v1/jobs/${job.id}`)
    await served.end(job.id)

    const view = (await served.get(job.links.self)).json()
    expect(view.status).toBe('finished')
    const [picture] = view.result.pictures
    expect(view.result.outputs).toEqual({ images: [picture], luck: 7 })
    expect(picture).toMatchObject({ url: `/v1/jobs/${job.id}/pictures/images-0.png`, width: 8, height: 4 })
    const file = await served.get(picture.url)
    expect(file.headers).toMatchObject({ 'content-type': 'image/png', 'x-content-type-options': 'nosniff' })
    expect(file.rawPayload.length).toBe(picture.size)
    expect((await Image.load(file.rawPayload)).size).toBe('8 × 4 × 3')
    expect((await readPngText(file.rawPayload)).get('tesserae')).toContain('"prompt":"fog"')
  })

  test('takes the first pipeline, and null for what is left out', async () => {
    const { id } = (await served.post({ inputs: { prompt: 'fog', width: null } })).json()
    expect((await served.end(id)).status).toBe('finished')
  })

  test('takes pictures as base64', async () => {
    const image = (await new Image({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) }).toPng()).toString(
      'base64',
    )
    const { id } = (await served.post({ inputs: { prompt: 'fog', image } })).json()
    expect((await served.end(id)).status).toBe('finished')
    expect((await served.get(`/v1/jobs/${id}?inputs=true`)).json().inputs).toEqual({ prompt: 'fog', image })
    expect((await served.get(`/v1/jobs/${id}`)).json().inputs).toBeUndefined()
  })

  test.each([
    ['a missing input', { inputs: {} }, '#/inputs/prompt', 'required'],
    ['no inputs', {}, '#/inputs/prompt', 'required'],
    ['an input of another type', { inputs: { prompt: 7 } }, '#/inputs/prompt', 'must be'],
    ['a number below its range', { inputs: { prompt: 'a', width: 0 } }, '#/inputs/width', '>= 1'],
    ['a number above its range', { inputs: { prompt: 'a', grey: 2 } }, '#/inputs/grey', '<= 1'],
    ['a misspelt input', { inputs: { prompt: 'a', widht: 8 } }, '#/inputs/widht', 'Did you mean "width"?'],
    ['an input that cannot be sent', { inputs: { prompt: 'a', date: '2000' } }, '#/inputs/date', 'type Date'],
    ['a member of a list', { inputs: { prompt: ['a', 7] } }, '#/inputs/prompt/1', 'must be string'],
    ['an unknown pipeline', { ...draw, pipeline: 'x' }, '#/pipeline', '"grey"'],
    ['an unknown workflow', { ...draw, workflow: 'x' }, '#/workflow', 'none'],
    ['an unknown field', { ...draw, colour: 'x' }, '#/colour', 'no such'],
    ['an unknown output', { ...draw, output: ['images', 'x'] }, '#/output/1', '"images", "luck"'],
    ['a seed that is too large', { ...draw, seed: '99999999999999999999' }, '#/seed', '2^64'],
    ['a seed of words', { ...draw, seed: 'one' }, '#/seed', 'must'],
    ['a format that is not offered', { ...draw, format: 'gif' }, '#/format', '"webp"'],
    ['a priority before others', { ...draw, priority: 1 }, '#/priority', '>= 100'],
    ['what is no picture', { inputs: { prompt: 'a', image: 'aGVsbG8=' } }, '#/inputs/image', 'not an image'],
    [
      'a path in place of a picture',
      { inputs: { prompt: 'a', image: '/etc/passwd.' } },
      '#/inputs/image',
      'not base64',
    ],
  ])('refuses %s with the path of the field', async (_, body, pointer, detail) => {
    const answer = await served.post(body)
    expect(answer.statusCode).toBe(422)
    expect(answer.headers['content-type']).toMatch('application/problem+json')
    const { errors, status, type, title } = answer.json()
    expect({ status, type, title }).toEqual({
      status: 422,
      type: 'urn:tesserae:problem:invalid-input',
      title: 'Unprocessable Content',
    })
    expect(errors).toContainEqual({ pointer, detail: expect.stringContaining(detail) })
  })

  test.each([
    ['no JSON', '{', 'application/json', 400],
    ['nothing', '', 'application/json', 400],
    ['a list', '[]', 'application/json', 422],
    ['null', 'null', 'application/json', 400],
    ['a text', '"a"', 'application/json', 400],
    ['a prototype', '{"__proto__":{"pipeline":"grey"}}', 'application/json', 400],
    ['a form', 'prompt=a', 'application/x-www-form-urlencoded', 415],
    ['plain text, as a page of a stranger may send it', '{}', 'text/plain', 415],
  ])('refuses %s', async (_, payload, type, status) => {
    const answer = await served.inject({
      method: 'POST',
      url: '/v1/jobs',
      payload,
      headers: { 'content-type': type },
    })
    expect(answer.statusCode).toBe(status)
    expect(answer.json().status).toBe(status)
  })

  test('tells a failure by its code, and nothing of the machine', async () => {
    const warnings = catchWarnings()
    const { id } = (await served.post({ inputs: { prompt: 'fail' } })).json()
    await served.end(id)
    // What the client is not told is in the log of the worker.
    expect(warnings()).toEqual([expect.stringMatching(`The job ${id} failed .*somebody/models/secret`)])
    const answer = await served.get(`/v1/jobs/${id}`)
    expect(answer.json()).toMatchObject({ status: 'failed', error: { code: 'BLOCK_EXECUTION' } })
    expect(answer.body).not.toMatch(/somebody|secret|\.ts/)
    const events = await served.get(`/v1/jobs/${id}/events`)
    expect(events.body).toContain('"type":"failed"')
    expect(events.body).not.toMatch(/somebody|secret|\.ts/)
  })
})

describe('idempotency keys', () => {
  const key = { 'idempotency-key': 'once' }

  test('give one job for two requests, and refuse another body', async () => {
    const first = await served.post({ ...draw, seed: 1 }, key)
    const second = await served.post({ ...draw, seed: 1 }, key)
    expect([first.statusCode, second.statusCode]).toEqual([202, 200])
    expect(second.json().id).toBe(first.json().id)
    const other = await served.post({ inputs: { prompt: 'other' } }, key)
    expect(other.statusCode).toBe(422)
    expect(other.json().type).toBe('urn:tesserae:problem:idempotency-key-reused')
  })

  test('are refused if they are too long', async () => {
    const answer = await served.post(draw, { 'idempotency-key': 'x'.repeat(256) })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors[0].pointer).toBe('Idempotency-Key')
  })
})

describe('DELETE /v1/jobs/:id', () => {
  test('stops a run', async () => {
    const { id } = (await served.post({ inputs: { prompt: 'slow' } })).json()
    for await (const { event } of served.queue.events(id)) if (event.type === 'blockStart') break
    const answer = await served.inject({ method: 'DELETE', url: `/v1/jobs/${id}` })
    expect(answer.statusCode).toBe(200)
    expect((await served.end(id)).status).toBe('cancelled')
  })

  test('leaves what has ended as it is', async () => {
    const { id } = (await served.post(draw)).json()
    await served.end(id)
    const answer = await served.inject({ method: 'DELETE', url: `/v1/jobs/${id}` })
    expect(answer.json().status).toBe('finished')
  })
})

test.each([
  '/v1/jobs/grey~0',
  '/v1/jobs/x/events',
  '/v1/jobs/x/pictures/a.png',
  '/v1/jobs/..%2f..%2fetc/pictures/a.png',
  '/nothing',
  '/v1/pipelines/x',
  `/v1/jobs/${'x'.repeat(300)}`,
])('%s is not found', async url => {
  const answer = await served.get(url)
  expect(answer.statusCode).toBe(404)
  expect(answer.json().status).toBe(404)
})

test.each(['../../package.json', '..%2f..%2fx.png', 'state-1.safetensors', '.png', 'a//b.png', ''])(
  'the file %j of a job is not found',
  async key => {
    const { id } = (await served.post(draw)).json()
    expect((await served.get(`/v1/jobs/${id}/pictures/${key}`)).statusCode).toBe(404)
  },
)

test('pipelines are listed with their schemas and the limits', async () => {
  const { pipelines, limits } = (await served.get('/v1/pipelines')).json()
  expect(pipelines[0]).toMatchObject({ name: 'grey', description: 'Draws grey pictures.', workflows: {} })
  expect(pipelines[0].inputs.properties.image.contentMediaType).toBe('image/*')
  expect(limits.maxPixels).toBe(4_194_304)
  expect((await served.get('/v1/pipelines/grey')).json()).toEqual(pipelines[0])
})

test('the server describes itself, for tools and for people', async () => {
  const api = (await served.get('/openapi.json')).json()
  expect(api.openapi).toBe('3.1.0')
  expect(api.components.schemas['Inputs.grey'].properties.grey.maximum).toBe(1)
  // Every reference leads somewhere.
  for (const [, path = ''] of JSON.stringify(api).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    expect(path.split('/').reduce((part, key) => part?.[key], api)).toBeDefined()
  }
  const page = await served.get('/openapi')
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
})

test('health and metrics are reported', async () => {
  expect((await served.get('/healthz')).json()).toEqual({ status: 'ok' })
  expect((await served.get('/readyz')).json()).toEqual({ status: 'ready' })
  const { body } = await served.get('/metrics')
  expect(body).toMatch(/tesserae_jobs\{status="finished"\} [1-9]/)
  expect(body).toMatch(/^tesserae_pipeline_workers\{pipeline="\w+"\} 1$/m)
  expect(body).toMatch(
    /tesserae_http_request_duration_seconds_count\{method="POST",route="\/v1\/jobs",status="202"\} [1-9]/,
  )
})
