/** A client of AUTOMATIC1111's API, from npm and unchanged: it sends all fields, with the defaults of the web UI. */
import { StableDiffusionApi } from 'a1111-webui-api'
import sharp from 'sharp'
import { StableDiffusionAutoBlocks } from '../../../index'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { DrawText } from './paint'
import { type Served, serve } from './served'

const size = { width: 64, height: 64 }
const emoji = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)

let served: Served
let api: StableDiffusionApi

beforeAll(async () => {
  await emoji.loadComponents()
  served = await serve({ pipelines: { emoji, text: new DrawText().initPipeline() } })
  api = new StableDiffusionApi({ baseUrl: served.address, defaultStepCount: 2 })
})
afterAll(async () => {
  await served.close()
  emoji.dispose()
})

test('lists models, samplers and options, and chooses a model', async () => {
  expect((await api.getSdModels()).map(({ model_name: name }) => name)).toEqual(['emoji', 'text'])
  expect((await api.getSamplers()).map(({ name }) => name)).toContain('Euler a')
  await api.setOptions({ sd_model_checkpoint: 'text' })
  expect(await api.getOptions()).toMatchObject({ sd_model_checkpoint: 'text' })
  await api.setOptions({ sd_model_checkpoint: 'emoji' })
  expect((await api.getProgress()).progress).toBe(0)
})

test('draws pictures, with all its defaults', async () => {
  const { images, info } = await api.txt2img({ prompt: 'a (red:1.2) apple', batch_size: 2, seed: 7, ...size })
  expect(images).toHaveLength(2)
  for (const image of images) expect(await image.metadata()).toMatchObject({ ...size, format: 'png' })
  expect(JSON.parse(info)).toMatchObject({ all_seeds: [7, 8], sampler_name: 'Euler a' })
})

test('changes a picture where a mask is white', async () => {
  const grey = { create: { ...size, channels: 3, background: '#808080' } } as const
  const right = { create: { width: 32, height: 64, channels: 3, background: '#ffffff' } } as const
  const mask = await sharp({ create: { ...size, channels: 3, background: '#000000' } })
    .composite([{ input: await sharp(right).png().toBuffer(), left: 32, top: 0 }])
    .png()
    .toBuffer()
  const { image } = await api.img2img({
    prompt: 'red apple',
    init_images: [sharp(grey).png()],
    mask_image: sharp(mask),
    seed: 1,
    ...size,
  })
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject(size)
  const isGrey = (x: number) => data[(32 * 64 + x) * 3] === 128 && data[(32 * 64 + x) * 3 + 1] === 128
  expect([isGrey(4), isGrey(56)]).toEqual([true, false])
})

test('gets an error that names the unsupported field', async () => {
  const asked = api.txt2img({ prompt: 'fog', sampler_name: 'DDIM', ...size })
  await expect(asked).rejects.toMatchObject({ response: { status: 422, data: { errors: [{ pointer: '#/eta' }] } } })
})
