/** OpenAI's own client against a server. */
import OpenAI, { APIError, toFile } from 'openai'
import { Image, StableDiffusionAutoBlocks } from '../../../index'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { DrawText, Paint } from './paint'
import { type Served, serve } from './served'

let served: Served
let client: OpenAI
const emoji = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)
const key = 'a-key-of-a-client'

beforeAll(async () => {
  await emoji.loadComponents({ executor: 'graph' })
  const pipelines = { paint: new Paint().initPipeline(), text: new DrawText().initPipeline(), emoji }
  served = await serve({ pipelines, apiKeys: [key], limits: { maxPixels: 10_000, maxImages: 4 } })
  client = new OpenAI({ apiKey: key, baseURL: `${served.address}/v1`, maxRetries: 0 })
})
afterAll(async () => {
  await served.close()
  emoji.dispose()
})

const decode = (base64: string | undefined) => Image.load(Buffer.from(base64 ?? '', 'base64'))

async function file(channels: 3 | 4, data: readonly number[], name: string, width = data.length / channels) {
  const image = new Image({ width, height: data.length / channels / width, channels, data: Uint8Array.from(data) })
  return toFile(await image.toPng(), name, { type: 'image/png' })
}

async function errorOf(work: Promise<unknown>): Promise<APIError> {
  const error = await work.catch((error: unknown) => error)
  if (!(error instanceof APIError)) throw new Error(`no error of the API: ${String(error)}`)
  return error
}

test('a page of an allowed origin may send the headers of the client', async () => {
  const sent: string[] = []
  const spy = new OpenAI({
    apiKey: key,
    organization: 'org',
    project: 'project',
    baseURL: 'http://localhost/v1',
    maxRetries: 0,
    fetch: async (_, init) => {
      sent.push(...new Headers(init?.headers).keys())
      return Response.json({ data: [] })
    },
  })
  await spy.images.generate({ prompt: 'red' })
  // Those that every page may send are not asked for.
  const asked = sent.filter(name => !['accept', 'user-agent', 'content-length'].includes(name))
  expect(asked).toContain('x-stainless-lang')
  const origin = 'https://app.example'
  const own = await serve({ allowedOrigins: [origin], isWorked: false })
  const preflight = async (names: readonly string[]) => {
    const headers = { origin, 'access-control-request-headers': names.join(',') }
    const answer = await own.inject({ method: 'OPTIONS', url: '/v1/images/generations', headers })
    return String(answer.headers['access-control-allow-headers']).split(', ')
  }
  expect(await preflight(asked)).toEqual(expect.arrayContaining(asked))
  expect(await preflight(['x-other', 'x-stainless-\u00e4'])).not.toContain('x-other')
  await own.close()
})

test('lists the pipelines as models', async () => {
  const models = await client.models.list()
  expect(models.data.map(({ id }) => id)).toEqual(['paint', 'text', 'emoji'])
  expect(await client.models.retrieve('emoji')).toMatchObject({ id: 'emoji', object: 'model' })
  expect(await errorOf(client.models.retrieve('dall-e-9'))).toMatchObject({ status: 404, code: 'model_not_found' })
})

test('the bundled model draws what it draws for a job, and edits it', async () => {
  const { data, response } = await client.images
    .generate({ model: 'emoji', prompt: 'red apple', response_format: 'b64_json' })
    .withResponse()
  const { seed, inputs } = (
    await served.get(`/v1/jobs/${response.headers.get('x-job-id')}?inputs=true`, { 'x-api-key': key })
  ).json()
  const [direct] = await emoji(inputs, { output: 'images', seed })
  expect(await decode(data.data?.[0]?.b64_json)).toEqual(direct)

  const whole = Array.from({ length: 64 * 64 }, () => [200, 30, 30]).flat()
  const half = Array.from({ length: 64 * 64 }, (_, i) => [0, 0, 0, i % 64 < 32 ? 255 : 0]).flat()
  const edited = await client.images.edit({
    model: 'emoji',
    prompt: 'red apple',
    image: await file(3, whole, 'image.png', 64),
    mask: await file(4, half, 'mask.png', 64),
    response_format: 'b64_json',
  })
  const picture = await decode(edited.data?.[0]?.b64_json)
  const [kept = 0, changed = 0] = [16, 48].map(x => {
    const differences = Array.from({ length: 64 }, (_, y) => Math.abs((picture.data[3 * (64 * y + x)] ?? 0) - 200))
    return differences.reduce((sum, difference) => sum + difference) / 64
  })
  expect(kept).toBeLessThan(changed)
})

test('makes pictures of a size and number as base64, with addresses unless told otherwise', async () => {
  const { data = [] } = await client.images.generate({ prompt: 'fog', n: 2, size: '12x8' as '256x256' })
  expect(data).toHaveLength(2)
  const [picture] = data
  expect((await decode(picture?.b64_json)).size).toBe('12 × 8 × 3')
  const fetched = await fetch(picture?.url ?? '', { headers: { authorization: `Bearer ${key}` } })
  expect(Buffer.from(await fetched.arrayBuffer()).toString('base64')).toBe(picture?.b64_json)

  const asUrl = await client.images.generate({ prompt: 'fog', response_format: 'url', output_format: 'webp' })
  expect(Object.keys(asUrl.data?.[0] ?? {})).toEqual(['url'])
  expect(asUrl.data?.[0]?.url).toMatch(/\.webp$/)
})

test('a mask changes what is transparent, and so does a transparent picture', async () => {
  const image = await file(3, [10, 10, 10, 20, 20, 20], 'image.png')
  const mask = await file(4, [0, 0, 0, 255, 0, 0, 0, 0], 'mask.png')
  const edit = { prompt: 'fog', response_format: 'b64_json' } as const
  const masked = await client.images.edit({ ...edit, image, mask })
  expect([...(await decode(masked.data?.[0]?.b64_json)).data]).toEqual([10, 10, 10, 80, 80, 80])
  const cut = await file(4, [10, 10, 10, 0, 20, 20, 20, 255], 'image.png')
  const byItself = await client.images.edit({ ...edit, image: cut })
  expect([...(await decode(byItself.data?.[0]?.b64_json)).data]).toEqual([80, 80, 80, 20, 20, 20])
  const unmasked = await client.images.edit({ ...edit, image: [image] })
  expect([...(await decode(unmasked.data?.[0]?.b64_json)).data]).toEqual([80, 80, 80, 80, 80, 80])
})

test('a variation is drawn from the picture alone', async () => {
  const image = await file(3, [10, 10, 10, 20, 20, 20], 'image.png')
  const { data } = await client.images.createVariation({ image, n: 2, response_format: 'b64_json' })
  expect(data).toHaveLength(2)
  expect((await decode(data?.[0]?.b64_json)).size).toBe('2 × 1 × 3')
})

test.each([
  ['an unknown model', { model: 'dall-e-9' }, 404, 'model', 'model_not_found'],
  ['no prompt', { prompt: undefined }, 400, 'prompt', 'invalid_value'],
  ['too many pictures', { n: 5 }, 400, 'n', 'invalid_input'],
  ['too many pixels', { size: '200x200' }, 400, 'size', 'invalid_input'],
  ['a size of words', { size: 'large' }, 400, 'size', 'invalid_value'],
  ['a field that would be ignored', { quality: 'hd' }, 400, 'quality', 'invalid_value'],
  ['a stream', { stream: true }, 400, 'stream', 'invalid_value'],
  ['an unknown field', { colour: 'red' }, 400, 'colour', 'invalid_value'],
  ['a size of a model that has one', { model: 'text', size: '8x8' }, 400, 'size', 'unsupported_value'],
])('refuses %s in the form of OpenAI', async (_, fields, status, param, code) => {
  const error = await errorOf(client.images.generate({ prompt: 'fog', ...fields } as OpenAI.ImageGenerateParams))
  expect(error).toMatchObject({ status, param, code, type: 'invalid_request_error' })
  expect(error.message).toContain(`${param}: `)
})

test('refuses pictures that a model cannot take, and those that do not fit', async () => {
  const image = await file(3, [10, 10, 10, 20, 20, 20], 'image.png')
  const opaque = await file(3, [10, 10, 10, 20, 20, 20], 'mask.png')
  const small = await file(4, [0, 0, 0, 0], 'mask.png')
  const broken = await toFile(Buffer.from('no picture'), 'image.png')
  const refused = [
    [client.images.edit({ prompt: 'a', image, model: 'text' }), 'model', 'unsupported_model'],
    [client.images.createVariation({ image, model: 'text' }), 'model', 'unsupported_model'],
    [client.images.edit({ prompt: 'a', image, mask: opaque }), 'mask', 'invalid_value'],
    [client.images.edit({ prompt: 'a', image, mask: small }), 'mask', 'invalid_value'],
    [client.images.edit({ prompt: 'a', image: [image, image] }), 'image', 'invalid_value'],
    [client.images.edit({ prompt: 'a', image: broken }), 'image', 'invalid_value'],
  ] as const
  for (const [request, param, code] of refused) {
    expect(await errorOf(request)).toMatchObject({ status: 400, param, code })
  }
})

test('tells failures and missing keys in the form of OpenAI, and nothing of the machine', async () => {
  const warnings = catchWarnings()
  const failed = await errorOf(client.images.generate({ prompt: 'fail' }))
  expect(warnings()).toEqual([expect.stringContaining('failed (BLOCK_EXECUTION)')])
  expect(failed).toMatchObject({ status: 500, type: 'server_error', code: 'job_failed' })
  expect(JSON.stringify(failed.error)).not.toMatch(/somebody|secret|\.ts/)
  const stranger = new OpenAI({ apiKey: 'another-key-of-a-client', baseURL: `${served.address}/v1`, maxRetries: 0 })
  expect(await errorOf(stranger.models.list())).toMatchObject({ status: 401, code: 'invalid_api_key' })
  const foreign = await served.inject({
    method: 'POST',
    url: '/v1/images/generations',
    payload: { prompt: 'fog' },
    headers: { 'x-api-key': key, origin: 'https://evil.example' },
  })
  expect(foreign.statusCode).toBe(403)
  expect(foreign.json().error.code).toBe('foreign_origin')
})

test.each([
  ['JSON in place of a form', 'application/json', '{}', 415],
  ['a form that is cut off', 'multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="a"', 400],
  ['a form without a boundary', 'multipart/form-data', 'abc', 400],
])('refuses %s', async (_, type, payload, status) => {
  const headers = { 'x-api-key': key, 'content-type': type }
  const answer = await served.inject({ method: 'POST', url: '/v1/images/edits', payload, headers })
  expect([answer.statusCode, answer.json().error.type]).toEqual([status, 'invalid_request_error'])
})

test('a request that the client leaves is cancelled', async () => {
  const left = new AbortController()
  const request = client.images.generate({ prompt: 'slow' }, { signal: left.signal })
  request.catch(() => {})
  const running = async () => (await served.queue.counts()).running
  while ((await running()) === 0) await new Promise(resolve => setTimeout(resolve, 10))
  const before = (await served.queue.counts()).cancelled
  left.abort()
  await expect(request).rejects.toThrow('aborted')
  while ((await running()) > 0) await new Promise(resolve => setTimeout(resolve, 10))
  expect((await served.queue.counts()).cancelled).toBe(before + 1)
})
