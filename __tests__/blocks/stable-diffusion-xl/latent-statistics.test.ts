/** A VAE of Stable Diffusion XL with `latents_mean` and `latents_std`: latents are scaled by them, as in the reference. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { type AutoencoderKL, Generator, Image, randnTensor, selectBackend } from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { describeWithPython, runPython } from '../../python'
import { take } from '../use-emoji-model'
import { baseFolder, copyOf, load, removeFolders } from './tiny-models'

const MEAN = [0.5, -1, 0.25, 2]
const STD = [2, 1, 0.5, 4]
const SIZE = 64

let folder: string
let pipe: Awaited<ReturnType<typeof load>>

beforeAll(async () => {
  await selectBackend({ backend: 'wasm', threads: 1 })
  folder = copyOf(baseFolder)
  const file = join(folder, 'vae', 'config.json')
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  writeFileSync(file, JSON.stringify({ ...config, latents_mean: MEAN, latents_std: STD }))
  pipe = await load(folder)
})
useLeakCheck()
afterAll(() => {
  pipe.dispose()
  removeFolders()
})

const byteOf = (i: number) => (i * 37 + (i >> 7)) % 256
const image = new Image({
  width: SIZE,
  height: SIZE,
  channels: 3,
  data: Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => byteOf(i)),
})
const maskImage = new Image({ width: SIZE, height: SIZE, channels: 1, data: new Uint8Array(SIZE * SIZE).fill(255) })
const shared = { prompt: 'a cat', numInferenceSteps: 4, height: SIZE, width: SIZE, outputType: 'tensor' }
const close = { atol: 1e-4, rtol: 1e-4 }

async function outputsOf<Name extends string>(inputs: Record<string, unknown>, ...output: Name[]) {
  const call = pipe as unknown as (
    inputs: Record<string, unknown>,
    options: object,
  ) => Promise<Readonly<Record<Name, tf.Tensor4D>>>
  return call({ ...shared, ...inputs }, { output, seed: 1 })
}

test('latents are decoded after they were multiplied by the deviations and the means were added', async () => {
  const { latents, images } = await outputsOf({}, 'latents', 'images')
  const vae = pipe.components.vae as AutoencoderKL
  const expected = tf.tidy(() => {
    const pixels = vae.forwardDecode(latents.mul(STD).div(vae.config.scalingFactor).add<tf.Tensor4D>(MEAN))
    return pixels.div(2).add(0.5).clipByValue(0, 1)
  })
  latents.dispose()
  expectClose('picture', take(images), take(expected), close)
})

test.each([
  ['image to image', { image, strength: 0.5 }],
  ['inpainting', { image, maskImage, strength: 0.5 }],
])('the means are taken from the latents of a picture, which are divided by the deviations: %s', async (_, inputs) => {
  const { imageLatents, images } = await outputsOf(inputs, 'imageLatents', 'images')
  images.dispose()
  const vae = pipe.components.vae as AutoencoderKL
  const pixels = tf.tidy(() =>
    tf.tensor4d(image.data, [1, SIZE, SIZE, 3], 'int32').toFloat().div(127.5).sub<tf.Tensor4D>(1),
  )
  const distribution = await vae.encode(pixels)
  const expected = tf.tidy(() => {
    const noise = randnTensor(distribution.shape, new Generator(1)) as tf.Tensor4D
    return distribution.sample(noise).sub(MEAN).mul(vae.config.scalingFactor).div(STD)
  })
  pixels.dispose()
  distribution.dispose()
  expectClose('latents', take(imageLatents), take(expected), close)
})

const program = `
import json, sys, numpy, torch
from PIL import Image
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
folder, size = sys.argv[1], int(sys.argv[2])
data = numpy.array([(i * 37 + (i >> 7)) % 256 for i in range(size * size * 3)], dtype=numpy.uint8).reshape(size, size, 3)
common = dict(prompt='a cat', num_inference_steps=4, output_type='np', guidance_scale=5.0)
def draw(kind, **inputs):
    pipe = kind.from_pretrained(folder, add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe(**common, **inputs, generator=torch.Generator().manual_seed(1)).images.flatten().tolist()
print(json.dumps([
    draw(StableDiffusionXLPipeline, height=size, width=size),
    draw(StableDiffusionXLImg2ImgPipeline, image=Image.fromarray(data), strength=0.5),
]))
`

describeWithPython('in Python', () => {
  test('the same pictures are drawn', async () => {
    const expected = await runPython<number[][]>(program, [folder, String(SIZE)])
    const shape = [1, SIZE, SIZE, 3]
    for (const [i, inputs] of [{}, { image, strength: 0.5 }].entries()) {
      const { images } = await outputsOf({ ...inputs, guidanceScale: 5 }, 'images')
      expectClose('picture', take(images), { shape, values: expected[i] as number[] }, { atol: 1e-3, rtol: 0 })
    }
  }, 120_000)
})
