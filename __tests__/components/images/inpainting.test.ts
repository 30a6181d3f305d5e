/** What image to image and inpainting refuse, and what they keep of tensors. Their numbers are among the goldens of the area `images`. */
import * as tf from '@tensorflow/tfjs'
import { gaussianBlurLoop } from '../../../components/images/gaussian-blur'
import { Image } from '../../../components/images/image'
import { ImageSizeError } from '../../../components/images/image-size-error'
import { InvalidImageError } from '../../../components/images/invalid-image-error'
import { VaeImageProcessor } from '../../../components/images/vae-image-processor'
import { runAtOnce } from '../../../src/runtime/time-slice'
import { useBackend } from '../models/use-backend'
import { countingImage } from './pictures'

useBackend('cpu')
const processor = new VaeImageProcessor()
const grey = (width: number, height: number, value = 0) =>
  new Image({ width, height, channels: 1, data: new Uint8Array(width * height).fill(value) })

test('a mask that is black everywhere has no region', () => {
  expect(() => processor.getCropRegion(grey(8, 8), { width: 8, height: 8 })).toThrow(ImageSizeError)
  expect(() => processor.getCropRegion(grey(8, 8), { width: 8, height: 8 })).toThrow('The mask is black everywhere')
})

test('an overlay needs a mask of the size of the picture', async () => {
  const images = { mask: grey(9, 8), initImage: countingImage(8, 8), image: countingImage(8, 8) }
  await expect(processor.applyOverlay(images)).rejects.toThrow(ImageSizeError)
  await expect(processor.applyOverlay(images)).rejects.toThrow('the mask is 9 × 8 and the picture 8 × 8 pixels')
})

test('the picture shows as it was where the mask is black, and as it is now where it is white', async () => {
  const [initImage, image] = [countingImage(8, 6), countingImage(8, 6, 4)]
  expect((await processor.applyOverlay({ mask: grey(8, 6), initImage, image })).data).toEqual(initImage.data)
  const white = await processor.applyOverlay({ mask: grey(8, 6, 255), initImage, image })
  expect(white).toMatchObject({ channels: 3, data: Uint8Array.from(image.data.filter((_, i) => i % 4 < 3)) })
})

test('a blur of nothing changes nothing, and a picture of one colour stays as it is', async () => {
  const image = countingImage(5, 4)
  expect(runAtOnce(gaussianBlurLoop(image, 0))).toBe(image)
  expect((await processor.blur(grey(6, 5, 77))).data).toEqual(grey(6, 5, 77).data)
})

test('a picture that is too narrow for its proportions is refused', async () => {
  const options = { width: 8, height: 8, resizeMode: 'fill' } as const
  await expect(processor.preprocessAsync(countingImage(200, 1), options)).rejects.toThrow(ImageSizeError)
})

test('a region outside of the picture is refused', async () => {
  await expect(processor.preprocessAsync(countingImage(20, 20), { cropRegion: [5, 5, 5, 9] })).rejects.toThrow(
    InvalidImageError,
  )
})

describe('tensors', () => {
  const take = async (result: Promise<tf.Tensor>) => {
    const tensor = await result
    const values = [...tensor.dataSync()]
    tensor.dispose()
    return values
  }

  test('are not changed, and the result is a tensor of its own', async () => {
    const x = tf.fill<tf.Rank.R4>([1, 8, 8, 3], 0.25)
    const latents = tf.fill<tf.Rank.R4>([1, 2, 2, 4], 0.25)
    expect(new Set(await take(processor.preprocessAsync(x)))).toEqual(new Set([-0.5]))
    expect(new Set(await take(processor.preprocessAsync(latents)))).toEqual(new Set([0.25]))
    expect(x.isDisposed || latents.isDisposed).toBe(false)
    tf.dispose([x, latents])
  })

  test('with values below 0 are taken to be normalised, which a warning says', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const x = tf.fill<tf.Rank.R4>([1, 8, 8, 3], -0.25)
    expect(new Set(await take(processor.preprocessAsync(x)))).toEqual(new Set([-0.25]))
    expect(warnings.mock.calls).toEqual([[expect.any(String), { type: 'TesseraeWarning', code: 'IMAGE_RANGE' }]])
    warnings.mockRestore()
    x.dispose()
  })

  test('of several sizes, among pictures, and with options for pictures are refused', async () => {
    const [small, large] = [tf.zeros<tf.Rank.R4>([1, 8, 8, 3]), tf.zeros<tf.Rank.R4>([1, 8, 16, 3])]
    await expect(processor.preprocessAsync([small, large])).rejects.toThrow('tensor 1 is [1,8,16,3]')
    await expect(processor.preprocessAsync([small, countingImage(8, 8)] as never)).rejects.toThrow(InvalidImageError)
    await expect(processor.preprocessAsync(small, { resizeMode: 'crop' })).rejects.toThrow('the mode "crop"')
    await expect(processor.preprocessAsync(small, { cropRegion: [0, 0, 2, 2] })).rejects.toThrow(ImageSizeError)
    const flat = tf.zeros([2, 3])
    await expect(processor.preprocessAsync(flat as never)).rejects.toThrow('must have 3 or 4 dimensions')
    tf.dispose([small, large, flat])
  })
})
