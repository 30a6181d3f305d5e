/** Small pictures of latents: by their colours, by a small decoder, and by the VAE. */
import * as tf from '@tensorflow/tfjs'
import { AutoencoderKL, AutoencoderTiny, Generator, previewImages, randnTensor } from '../../../index'
import { goldenFolder } from '../models/golden-model-case'
import { useBackend } from '../models/use-backend'
import { useLeakCheck } from '../tensors/use-leak-check'

useBackend('wasm')
useLeakCheck()

/** A VAE without weights: by its config alone, the kind of its latents is known. */
const vaeOf = (scalingFactor: number, latentChannels = 4) =>
  AutoencoderKL.fromConfig({
    in_channels: 3,
    out_channels: 3,
    latent_channels: latentChannels,
    scaling_factor: scalingFactor,
    norm_num_groups: 4,
    block_out_channels: [8],
    down_block_types: ['DownEncoderBlock2D'],
    up_block_types: ['UpDecoderBlock2D'],
  })

/** Latents of one pixel, and the bytes that its picture has. */
async function bytesOf(latent: number[], vae: AutoencoderKL): Promise<number[]> {
  const latents = tf.tensor4d(latent, [1, 1, 1, 4])
  const [image] = await previewImages(latents, { vae })
  latents.dispose()
  expect(image).toMatchObject({ width: 1, height: 1, channels: 3 })
  return [...(image?.data ?? [])]
}

const byte = (value: number) => Math.round((value / 2 + 0.5) * 255)

test('latents of Stable Diffusion are coloured by the channel', async () => {
  expect(await bytesOf([1, 0, 0, 0], vaeOf(0.18215))).toEqual([0.3512, 0.2297, 0.3227].map(byte))
  expect(await bytesOf([0, 0, 0, 1], vaeOf(0.18215))).toEqual([-0.212, -0.2616, -0.7177].map(byte))
})

test('latents of Stable Diffusion XL have a colour of their own where they are 0', async () => {
  expect(await bytesOf([0, 0, 0, 0], vaeOf(0.13025))).toEqual([0.1084, -0.0175, -0.0011].map(byte))
})

describe('a small decoder', () => {
  let tiny: AutoencoderTiny
  beforeAll(async () => {
    tiny = await AutoencoderTiny.fromPretrained(goldenFolder('vae_tiny'))
  })
  afterAll(() => tiny.dispose())

  test('makes pictures of full size in place of the colours, of each latent one', async () => {
    const { latentChannels } = tiny.config
    const latents = randnTensor([2, 2, 3, latentChannels], new Generator(1))
    const vae = vaeOf(0.18215, latentChannels)
    const images = await previewImages(latents as tf.Tensor4D, { vae, decoder: tiny })
    const alone = await previewImages(latents as tf.Tensor4D, { vae: tiny })
    latents.dispose()
    const [height, width] = [2 * tiny.spatialFactor, 3 * tiny.spatialFactor]
    expect(images).toMatchObject([
      { width, height, channels: 3 },
      { width, height, channels: 3 },
    ])
    expect(alone).toEqual(images)
  })
})
