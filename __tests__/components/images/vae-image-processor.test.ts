import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { cpuLoader } from '../../../components/backends/cpu-loader'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { ConfigError } from '../../../components/configs/config-error'
import { Image } from '../../../components/images/image'
import { ImageSizeError } from '../../../components/images/image-size-error'
import { InvalidImageError } from '../../../components/images/invalid-image-error'
import { VaeImageProcessor } from '../../../components/images/vae-image-processor'
import { countingImage } from './pictures'

const reference = join(__dirname, '../../../models/emoji/reference/pizza-seed2-euler20-g4')

describe('VaeImageProcessor', () => {
  let tensorsBefore: number

  beforeAll(async () => {
    await cpuLoader.load({ threads: 1 })
    await tf.setBackend('cpu')
  })

  beforeEach(() => {
    tensorsBefore = tf.memory().numTensors
  })

  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensorsBefore)
  })

  /** The numbers of a tensor, which is disposed. */
  function take(tensor: tf.Tensor): number[] {
    const values = [...tensor.dataSync()]
    tensor.dispose()
    return values
  }

  describe('preprocess', () => {
    test('resizes and normalises as diffusers does', () => {
      // VaeImageProcessor().preprocess in diffusers 0.42.1 with Pillow 13.0, for the same picture.
      const tensor = new VaeImageProcessor().preprocess(countingImage(9, 10))
      expect(tensor.shape).toEqual([1, 8, 8, 3])
      const values = take(tensor)
      expect(values.slice(0, 9)).toEqual([
        -0.9686274528503418, -0.9607843160629272, -0.9529411792755127, -0.9372549057006836, -0.929411768913269,
        -0.9215686321258545, -0.9137254953384399, -0.9058823585510254, -0.8980392217636108,
      ])
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(-8.454898834228516, 4)
    })

    test('makes masks of zeros and ones', () => {
      const config = { doNormalize: false, doBinarize: true, doConvertGrayscale: true, vaeScaleFactor: 2 }
      const tensor = new VaeImageProcessor(config).preprocess(countingImage(9, 10))
      expect(tensor.shape).toEqual([1, 10, 8, 1])
      // diffusers 0.42.1: 38 zeros, 38 ones, 4 zeros.
      expect(take(tensor)).toEqual([...Array(38).fill(0), ...Array(38).fill(1), ...Array(4).fill(0)])
    })

    test('makes a batch, in the size that is asked for', () => {
      const images = [countingImage(30, 20), countingImage(16, 16)]
      const tensor = new VaeImageProcessor().preprocess(images, { width: 23, height: 16 })
      expect(tensor.shape).toEqual([2, 16, 16, 3])
      tensor.dispose()
    })

    test('changes no size and drops no channel unless told to', () => {
      const tensor = new VaeImageProcessor({ doResize: false }).preprocess(countingImage(3, 5, 4))
      expect(tensor.shape).toEqual([1, 5, 3, 4])
      tensor.dispose()
      const rgb = new VaeImageProcessor({ doResize: false, doConvertRgb: true }).preprocess(countingImage(3, 5, 4))
      expect(rgb.shape).toEqual([1, 5, 3, 3])
      rgb.dispose()
    })

    test('refuses no images, images of several sizes, and images that are too small', () => {
      const processor = new VaeImageProcessor({ doResize: false })
      expect(() => processor.preprocess([])).toThrow(ImageSizeError)
      expect(() => processor.preprocess([countingImage(8, 8), countingImage(8, 9)])).toThrow(/image 1 is 8 × 9 × 3/)
      expect(() => new VaeImageProcessor().preprocess(countingImage(8, 7))).toThrow(/height .* at least 8, but is 7/)
      expect(() => new VaeImageProcessor().preprocess(countingImage(8, 8), { width: Number.NaN })).toThrow(
        ImageSizeError,
      )
    })
  })

  describe('postprocess', () => {
    test('makes the picture that the reference made of the same numbers', async () => {
      const file = await SafetensorsFile.open(`${reference}.safetensors`)
      const values = await file.readFloat32('image')
      await file.close()
      const tensor = tf.tidy(() => tf.tensor3d(values, [3, 64, 64]).transpose([1, 2, 0]).expandDims<tf.Tensor4D>(0))
      const [image] = await new VaeImageProcessor({ doNormalize: false }).postprocess(tensor, { outputType: 'image' })
      tensor.dispose()
      expect(image).toEqual(await Image.load(`${reference}.png`))
    })

    test('rounds halves to even numbers and cuts off what is out of range', async () => {
      const half = (byte: number) => (byte + 0.5) / 255
      const numbers = [-9, -0.1, half(0), half(1), half(2), half(253), 1.1, 9]
      const tensor = tf.tensor4d(numbers, [1, 1, 8, 1])
      const [image] = await new VaeImageProcessor({ doNormalize: false }).postprocess(tensor, { outputType: 'image' })
      expect([...(image as Image).data]).toEqual([0, 0, 0, 2, 2, 254, 255, 255])
      tensor.dispose()
    })

    test('takes -1 as black and 1 as white, and makes one image for each element of the batch', async () => {
      const tensor = tf.tensor4d([-1, 0, 1, 2, -2, 0.5], [2, 1, 1, 3])
      const images = await new VaeImageProcessor().postprocess(tensor, { outputType: 'image' })
      expect(images.map(({ data }) => [...data])).toEqual([
        [0, 128, 255],
        [255, 0, 191],
      ])
      tensor.dispose()
    })

    test('makes a tensor from 0 to 1', async () => {
      const tensor = tf.tensor4d([-1, 0, 2], [1, 1, 1, 3])
      const result = await new VaeImageProcessor().postprocess(tensor, { outputType: 'tensor' })
      expect(take(result)).toEqual([0, 0.5, 1])
      const same = await new VaeImageProcessor({ doNormalize: false }).postprocess(tensor, { outputType: 'tensor' })
      tensor.dispose()
      expect(take(same)).toEqual([-1, 0, 2])
    })

    test('refuses tensors that are not images, and leaves none behind', async () => {
      const latents = tf.zeros<tf.Rank.R4>([1, 2, 2, 5])
      const processing = new VaeImageProcessor().postprocess(latents, { outputType: 'image' })
      await expect(processing).rejects.toThrow(InvalidImageError)
      latents.dispose()
    })

    test('returns what was preprocessed', async () => {
      const processor = new VaeImageProcessor()
      const image = countingImage(16, 16)
      const tensor = processor.preprocess(image)
      expect(await processor.postprocess(tensor, { outputType: 'image' })).toEqual([image])
      tensor.dispose()
    })
  })

  describe('fromConfig', () => {
    test('reads the keys of files and skips those it does not know', () => {
      const config = {
        _class_name: 'VaeImageProcessor',
        vae_scale_factor: 4,
        do_normalize: false,
        vae_latent_channels: 16,
      }
      expect(VaeImageProcessor.fromConfig(config).config).toEqual({
        vaeScaleFactor: 4,
        doNormalize: false,
        doResize: true,
        doBinarize: false,
        doConvertRgb: false,
        doConvertGrayscale: false,
        resample: 'lanczos',
        reducingGap: null,
        vaeLatentChannels: 16,
      })
    })

    test.each([
      [{ vae_scale_factor: 0 }, /vae_scale_factor/],
      [{ do_resize: 'yes' }, /do_resize/],
      [{ resample: 'hamming' }, /"hamming" is not supported/],
      [{ reducing_gap: 2 }, /reducing_gap: 2 is not supported/],
      [{ do_convert_rgb: true, do_convert_grayscale: true }, /exclude each other/],
    ])('refuses %p', (config, message) => {
      expect(() => VaeImageProcessor.fromConfig(config)).toThrow(ConfigError)
      expect(() => VaeImageProcessor.fromConfig(config)).toThrow(message)
    })
  })
})
