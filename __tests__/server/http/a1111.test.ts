/** Requests of AUTOMATIC1111's clients. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Image, StableDiffusionAutoBlocks } from '../../../index'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { DrawSlowly, DrawText, Paint } from './paint'
import { type Served, serve } from './served'

let served: Served
const emoji = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)

beforeEach(async () => {
  // The emoji model is asked for its sampler alone, so its weights need not be there.
  const pipelines = {
    paint: new Paint().initPipeline(),
    text: new DrawText().initPipeline(),
    emoji,
    slow: new DrawSlowly().initPipeline(),
  }
  served = await serve({ pipelines, limits: { maxPixels: 10_000, maxImages: 4, maxSteps: 20 } })
})
afterEach(() => served.close())
afterAll(() => emoji.dispose())

const post = (route: string, payload: object) => served.inject({ method: 'POST', url: `/sdapi/v1/${route}`, payload })
const get = async (route: string) => (await served.get(`/sdapi/v1/${route}`)).json()
const decode = (base64: string) => Image.load(Buffer.from(base64, 'base64'))
const base64 = async (channels: 1 | 3, data: readonly number[]) => {
  const image = new Image({ width: data.length / channels, height: 1, channels, data: Uint8Array.from(data) })
  return (await image.toPng()).toString('base64')
}
async function runningJob(): Promise<void> {
  while ((await served.queue.counts()).running === 0) await sleep(10)
}

test('draws pictures with seeds that count up, and tells the settings', async () => {
  const sent = { prompt: 'fog', negative_prompt: 'sun', steps: 2, cfg_scale: 5, width: 6, height: 4, seed: 7 }
  const answer = await post('txt2img', { ...sent, batch_size: 2, n_iter: 2, enable_hr: false, styles: [], eta: null })
  expect(answer.statusCode).toBe(200)
  const { images, info, parameters } = answer.json()
  expect(images).toHaveLength(4)
  expect((await decode(images[0])).size).toBe('6 × 4 × 3')
  expect(parameters).toMatchObject(sent)
  const { infotexts, ...told } = JSON.parse(info)
  expect(told).toMatchObject({ prompt: 'fog', seed: 7, all_seeds: [7, 8, 9, 10], width: 6, height: 4 })
  expect(infotexts[1]).toBe('fog\nNegative prompt: sun\nSteps: 2, CFG scale: 5, Seed: 8, Size: 6x4, Model: paint')
  const { seed } = JSON.parse((await post('txt2img', { prompt: 'fog', seed: -1 })).json().info)
  expect(seed).toBeGreaterThanOrEqual(0)
})

test('changes a picture, by its strength and where the mask is white', async () => {
  const init_images = [`data:image/png;base64,${await base64(3, [10, 10, 10, 20, 20, 20])}`]
  const mask = await base64(1, [0, 255])
  const draw = async (fields: object) => {
    const { images } = (await post('img2img', { prompt: 'fog', init_images, ...fields })).json()
    return [...(await decode(images[0])).data]
  }
  expect(await draw({ mask, denoising_strength: 0.5, mask_blur: 4 })).toEqual([10, 10, 10, 50, 50, 50])
  expect(await draw({})).toEqual(Array(6).fill(75))
  // With a mask, the part around it is drawn in full size.
  expect((await draw({ mask, inpaint_full_res: true, inpaint_full_res_padding: 32 }))[0]).toBe(32)
  expect((await draw({ mask, inpaint_full_res: 1 }))[0]).toBe(0)
  expect((await draw({ mask, inpaint_full_res: false, inpaint_full_res_padding: 32 }))[0]).toBe(10)
  expect((await draw({ inpaint_full_res: true, inpaint_full_res_padding: 32 }))[0]).toBe(75)
})

test.each([
  ['an unknown field', 'txt2img', { promt: 'a' }, 'promt', 'Did you mean "prompt"?'],
  ['a second pass', 'txt2img', { enable_hr: true }, 'enable_hr', 'not supported'],
  ['tiles', 'txt2img', { tiling: true }, 'tiling', 'not supported'],
  ['scripts', 'txt2img', { alwayson_scripts: { controlnet: {} } }, 'alwayson_scripts', 'not supported'],
  ['a spacing', 'txt2img', { scheduler: 'Karras' }, 'scheduler', 'Automatic'],
  ['an unknown schedule', 'txt2img', { scheduler: 'Karas' }, 'scheduler', 'There is no schedule "Karas"'],
  ['a former schedule', 'txt2img', { override_settings: { k_sched_type: 'x' } }, 'override_settings/k_sched_type', ''],
  ['a long name', 'txt2img', { sampler_name: 'a'.repeat(101) }, 'sampler_name', '100'],
  ['a sampler of a pipeline without one', 'txt2img', { sampler_name: 'Euler a' }, 'sampler_name', 'Leave it out'],
  ['steps of words', 'txt2img', { steps: 'many' }, 'steps', 'must be'],
  ['too many steps', 'txt2img', { steps: 21 }, 'steps', 'limit of 20'],
  ['too many pixels', 'txt2img', { width: 200, height: 200 }, 'height', 'limit of 10000'],
  ['too many pictures', 'txt2img', { n_iter: 5 }, 'n_iter', 'limit of 4'],
  ['settings that cannot be overridden', 'txt2img', { override_settings: { eta: 1 } }, 'override_settings/eta', 'not'],
  ['no picture', 'img2img', {}, 'init_images', 'required'],
  ['two pictures', 'img2img', { init_images: ['a', 'b'] }, 'init_images', 'more than 1'],
  ['what is no picture', 'img2img', { init_images: ['aGVsbG8='] }, 'init_images', 'not an image'],
  ['an inverted mask', 'img2img', { init_images: ['a'], inpainting_mask_invert: 1 }, 'inpainting_mask_invert', 'not'],
])('refuses %s with the name of the field', async (_, route, fields, name, detail) => {
  const answer = await post(route, { prompt: 'fog', ...fields })
  expect(answer.statusCode).toBe(422)
  expect(answer.json().errors[0]).toEqual({ pointer: `#/${name}`, detail: expect.stringContaining(detail) })
  expect(answer.json().detail).toContain(`${name}: `)
})

test('refuses what a pipeline does not support', async () => {
  const override_settings = { sd_model_checkpoint: 'text' }
  const answer = await post('txt2img', { prompt: 'fog', steps: 3, override_settings })
  expect(answer.json().errors).toEqual([{ pointer: '#/steps', detail: 'The pipeline "text" does not support it.' }])
  expect((await post('txt2img', { prompt: 'fog', override_settings })).statusCode).toBe(200)
})

test('reads prompts in the syntax of its clients', async () => {
  const override_settings = { sd_model_checkpoint: 'text' }
  const { images } = (await post('txt2img', { prompt: '(fog:1.3)', override_settings })).json()
  expect([...(await decode(images[0])).data]).toEqual([200, 200, 200])
})

test('lists models and samplers, and remembers which model a client has chosen', async () => {
  expect((await get('sd-models')).map((model: { title: string }) => model.title)).toEqual([
    'paint',
    'text',
    'emoji',
    'slow',
  ])
  expect(await get('samplers')).toEqual([])
  expect(await get('schedulers')).toMatchObject([{ name: 'automatic' }])
  expect((await post('options', { sd_model_checkpoint: 'other' })).statusCode).toBe(422)
  expect((await post('options', { CLIP_stop_at_last_layers: 2 })).json().errors[0].pointer).toMatch('CLIP')
  expect((await post('options', { sd_model_checkpoint: 'emoji' })).statusCode).toBe(200)
  expect(await get('options')).toMatchObject({ sd_model_checkpoint: 'emoji' })
  const samplers: { name: string }[] = await get('samplers')
  expect(samplers).toEqual(
    expect.arrayContaining([
      { name: 'DDIMScheduler', aliases: [], options: {} },
      { name: 'Euler a', aliases: ['euler_a', 'k_euler_a', 'k_euler_ancestral'], options: {} },
      { name: 'DPM++ 2M', aliases: ['dpm++_2m', 'k_dpmpp_2m'], options: { scheduler: 'karras' } },
    ]),
  )
  expect(samplers.map(({ name }) => name)).not.toContain('flow_euler')
  const schedules: { name: string }[] = await get('schedulers')
  expect(schedules.map(({ name }) => name)).toEqual([
    'automatic',
    'karras',
    'exponential',
    'sgm_uniform',
    'uniform',
    'beta',
  ])
  // Each name that is listed is right, so another field is refused.
  for (const { name } of samplers) {
    const passed = await post('txt2img', { prompt: 'fog', sampler_name: name, steps: 21 })
    expect([name, passed.json().errors[0].pointer]).toEqual([name, '#/steps'])
  }
})

test.each([
  [{ sampler_name: 'Euler b' }, 'sampler_name', 'send "DDIMScheduler", "DDIM"'],
  [{ sampler_index: 'DPM fast' }, 'sampler_index', 'does not have the sampler "DPM fast"'],
  [{ sampler_name: 'flow_euler' }, 'sampler_name', 'does not have the sampler'],
  [{ sampler_name: 'Euler a', scheduler: 'Karras' }, 'scheduler', '"Euler a" does not have the schedule "Karras"'],
  [{ sampler_name: 'Euler a Karras' }, 'sampler_name', '"Euler a" does not have the schedule "Karras"'],
  [{ scheduler: 'Beta' }, 'scheduler', '"DDIM" does not have the schedule "Beta"'],
  [{ override_settings: { uni_pc_variant: 'bh1' } }, 'override_settings/uni_pc_variant', 'needs the sampler "UniPC"'],
])('refuses the sampler of %j with the name of the field', async (fields, name, detail) => {
  const override_settings = {
    sd_model_checkpoint: 'emoji',
    ...('override_settings' in fields && fields.override_settings),
  }
  const answer = await post('txt2img', { prompt: 'fog', ...fields, override_settings })
  expect(answer.statusCode).toBe(422)
  expect(answer.json().errors).toEqual([{ pointer: `#/${name}`, detail: expect.stringContaining(detail) }])
})

test('shows progress, and an interrupted request is answered with what is done', async () => {
  expect(await get('progress')).toMatchObject({ progress: 0, state: { job_count: 0 }, current_image: null })
  const request = post('txt2img', { prompt: 'slow', n_iter: 2 })
  await runningJob()
  expect(await get('progress')).toMatchObject({ progress: 0, state: { job_count: 2, job_no: 0 } })
  expect((await post('interrupt', {})).statusCode).toBe(200)
  const answer = await request
  expect([answer.statusCode, answer.json().images]).toEqual([200, []])
  expect(await get('progress')).toMatchObject({ progress: 0, state: { job_count: 0 } })
  while ((await served.queue.counts()).running > 0) await sleep(10)
  expect(await served.queue.counts()).toMatchObject({ cancelled: 1, queued: 0 })
})

test('shows the latest preview of the picture that is drawn', async () => {
  const request = post('txt2img', { prompt: 'fog', override_settings: { sd_model_checkpoint: 'slow' } })
  let seen: { progress: number; current_image: string | null }
  do {
    await sleep(10)
    seen = await get('progress')
  } while (seen.current_image === null)
  expect([...(await decode(seen.current_image)).data]).toEqual([10, 10, 10])
  expect(await get('progress?skip_current_image=true')).toMatchObject({ current_image: null })
  await post('interrupt', {})
  await request
})

test('a request that the client leaves is cancelled', async () => {
  const left = new AbortController()
  const request = fetch(`${served.address}/sdapi/v1/txt2img`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'slow', n_iter: 3 }),
    headers: { 'content-type': 'application/json' },
    signal: left.signal,
  })
  request.catch(() => {})
  await runningJob()
  left.abort()
  await expect(request).rejects.toThrow()
  while ((await served.queue.counts()).running > 0) await sleep(10)
  expect(await served.queue.counts()).toMatchObject({ cancelled: 1, queued: 0 })
  expect(await get('progress')).toMatchObject({ state: { job_count: 0 } })
})

test('a server that closes answers who waits, and cancels what nobody will fetch', async () => {
  await served.close()
  served = await serve({ isWorked: false })
  const requests = [
    post('txt2img', { prompt: 'fog' }),
    served.inject({ method: 'POST', url: '/v1/images/generations', payload: { prompt: 'fog' } }),
  ]
  while ((await served.queue.counts()).queued < 2) await sleep(10)
  const closed = served.server.close()
  const answers = await Promise.all(requests)
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503])
  await closed
  expect(await served.queue.counts()).toMatchObject({ cancelled: 2, queued: 0 })
})

test('tells failures without places of the machine, and the description lists the routes', async () => {
  const warnings = catchWarnings()
  const answer = await post('txt2img', { prompt: 'fail' })
  expect(warnings()).toEqual([expect.stringContaining('failed (BLOCK_EXECUTION)')])
  expect(answer.statusCode).toBe(500)
  expect(answer.body).not.toMatch(/somebody|secret|\.ts/)
  const { paths } = (await served.get('/openapi.json')).json()
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      '/v1/models',
      '/v1/images/generations',
      '/v1/images/edits',
      '/v1/images/variations',
      '/sdapi/v1/txt2img',
      '/sdapi/v1/img2img',
      '/sdapi/v1/options',
    ]),
  )
})
