/** Pictures and masks that are passed as tensors: the same results as of pictures, and what is refused. */
import * as tf from '@tensorflow/tfjs'
import {
  BlockExecutionError,
  Image,
  InputTypeError,
  type ModularPipelineBlocks,
  PipelineValidationError,
  StableDiffusionAutoBlocks,
  StableDiffusionImageToImageBlocks,
  StableDiffusionInpaintBlocks,
} from '../../../index'
import { failureOf, take, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()

const SIZE = 32
const image = new Image({
  width: SIZE,
  height: SIZE,
  channels: 3,
  data: Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => (i * 37) % 256),
})
const maskImage = new Image({
  width: SIZE,
  height: SIZE,
  channels: 1,
  data: Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE < SIZE / 2 ? 127 : 128)),
})
const shared = { prompt: 'pizza', numInferenceSteps: 3, height: SIZE, width: SIZE, outputType: 'tensor', strength: 0.7 }

/** The bytes of a picture as numbers from 0 to 1. */
const pixelsOf = ({ width, height, channels, data }: Image) =>
  tf.tidy(() => tf.tensor4d(data, [1, height, width, channels], 'int32').toFloat().div<tf.Tensor4D>(255))

async function draw(blocks: ModularPipelineBlocks, inputs: Record<string, unknown>) {
  return take(await emoji.pipelineOf(blocks)<tf.Tensor>({ ...shared, ...inputs }, { output: 'images', seed: 1 }))
}

async function problemOf(inputs: Record<string, unknown>) {
  const error = await failureOf(draw(new StableDiffusionAutoBlocks(), inputs))
  if (error instanceof PipelineValidationError) return error.issues[0]
  return error instanceof BlockExecutionError ? error.cause : error
}

test('pixels draw what the picture draws, and stay the tensor of the caller', async () => {
  const pixels = pixelsOf(image)
  for (const blocks of [new StableDiffusionImageToImageBlocks(), new StableDiffusionAutoBlocks()]) {
    expect(await draw(blocks, { image: pixels })).toEqual(await draw(blocks, { image }))
  }
  expect(pixels.isDisposed).toBe(false)
  pixels.dispose()
})

test('pixels and a mask inpaint what the pictures do, also beside pictures', async () => {
  const [pixels, mask] = [pixelsOf(image), pixelsOf(maskImage)]
  const auto = new StableDiffusionAutoBlocks()
  const expected = await draw(auto, { image, maskImage })
  expect(await draw(auto, { image: pixels, maskImage: mask })).toEqual(expected)
  expect(await draw(new StableDiffusionInpaintBlocks(), { image: pixels, maskImage })).toEqual(expected)
  expect(await draw(auto, { image, maskImage: mask })).toEqual(expected)
  expect([pixels.isDisposed, mask.isDisposed]).toEqual([false, false])
  tf.dispose([pixels, mask])
})

test('latents of the picture inpaint, and say how large the result is', async () => {
  const latents = tf.randomNormal<tf.Rank.R4>([1, 6, 10, 4], 0, 1, 'float32', 1)
  const own = { height: undefined, width: undefined, maskImage, image: latents }
  expect((await draw(new StableDiffusionAutoBlocks(), own)).shape).toEqual([1, 24, 40, 3])
  expect(latents.isDisposed).toBe(false)
  latents.dispose()
})

test('a mask of whole numbers or truths counts as one of 0 and 1', async () => {
  const rows = (dtype: 'int32' | 'bool') =>
    tf.tidy(() => tf.greaterEqual(pixelsOf(maskImage), 0.5).cast<tf.Tensor4D>(dtype))
  const expected = await draw(new StableDiffusionInpaintBlocks(), { image, maskImage })
  for (const dtype of ['int32', 'bool'] as const) {
    const mask = rows(dtype)
    expect(await draw(new StableDiffusionInpaintBlocks(), { image, maskImage: mask })).toEqual(expected)
    mask.dispose()
  }
})

test('pixels of another size are resized to that of the result, by default to a multiple of the factor of the VAE', async () => {
  const pixels = tf.ones([1, 30, 37, 3])
  const own = { height: undefined, width: undefined, image: pixels }
  expect((await draw(new StableDiffusionAutoBlocks(), own)).shape).toEqual([1, 28, 36, 3])
  expect((await draw(new StableDiffusionAutoBlocks(), { image: pixels })).shape).toEqual([1, SIZE, SIZE, 3])
  pixels.dispose()
})

test('each picture of a tensor is one for a prompt', async () => {
  const [one, none] = [pixelsOf(image), tf.zeros<tf.Rank.R4>([1, SIZE, SIZE, 3])]
  const both = tf.concat([one, none], 0)
  const black = new Image({ width: SIZE, height: SIZE, channels: 3, data: new Uint8Array(SIZE * SIZE * 3) })
  const inputs = { prompt: ['pizza', 'rocket'] }
  const expected = await draw(new StableDiffusionAutoBlocks(), { ...inputs, image: [image, black] })
  expect(await draw(new StableDiffusionAutoBlocks(), { ...inputs, image: both })).toEqual(expected)
  expect(((await problemOf({ image: both })) as Error).message).toMatch(/"image".*there are 2/)
  tf.dispose([one, none, both])
})

describe('refuses', () => {
  const zeros = (...shape: number[]) => tf.zeros(shape)
  test.each([
    ['one channel', () => ({ image: zeros(1, 32, 32, 1) }), /"image".*\[pictures, height, width, 3\].*4 channels/],
    ['five channels', () => ({ image: zeros(1, 32, 32, 5) }), /"image".*\[pictures, height, width, 3\]/],
    ['no batch', () => ({ image: zeros(32, 32, 3) }), /"image".*\[pictures, height, width, 3\]/],
    ['latents without a batch', () => ({ image: zeros(8, 8, 4) }), /"image".*\[pictures, height, width, 3\]/],
    ['no pictures', () => ({ image: zeros(0, 32, 32, 3) }), /"image"/],
    ['bytes', () => ({ image: tf.fill([1, 32, 32, 3], 200) }), /they lie from 200 to 200.*tensor\.div\(255\)/],
    ['negative values', () => ({ image: tf.fill([1, 32, 32, 3], -0.5) }), /tensor\.add\(1\)\.div\(2\)/],
    ['NaN', () => ({ image: tf.fill([1, 32, 32, 3], Number.NaN) }), /NaN or infinite/],
    [
      'latents beside a mask, and another size',
      () => ({ image: zeros(1, 6, 8, 4), maskImage }),
      /"height" got the number 32; the latents in `image` are for 24 pixels\. Leave it out/,
    ],
    ['a mask of three channels', () => ({ image, maskImage: zeros(1, 32, 32, 3) }), /"maskImage".*width, 1\]/],
    ['a mask of bytes', () => ({ image, maskImage: tf.fill([1, 32, 32, 1], 255) }), /"maskImage".*from 0 to 1/],
    ['two masks for a picture', () => ({ image, maskImage: zeros(2, 32, 32, 1) }), /"maskImage".*there are 2/],
    [
      'a part of a tensor',
      () => ({ image: zeros(1, 32, 32, 3), maskImage, paddingMaskCrop: 4, outputType: 'image' }),
      /"image".*must be Image \| Image\[\] \(a part can be cut out of pictures alone; leave paddingMaskCrop out/,
    ],
    [
      'a part by a mask that is a tensor',
      () => ({ image, maskImage: zeros(1, 32, 32, 1), paddingMaskCrop: 4, outputType: 'image' }),
      /"maskImage".*must be Image \| Image\[\] \(a part/,
    ],
  ] as const)('%s', async (_, make, words) => {
    const inputs = make() as Record<string, unknown>
    const problem = await problemOf(inputs)
    expect(problem).toBeInstanceOf(InputTypeError)
    expect((problem as Error).message).toMatch(words)
    tf.dispose(Object.values(inputs).filter(value => value instanceof tf.Tensor) as tf.Tensor[])
  })
})
