/** Brings images to the numbers that a VAE works with, and back. Counterpart: diffusers image_processor.py. */
import { join } from 'node:path'
import { z } from 'zod'
import { resolveRepository } from '../../src/hub/repository-resolver'
import type { FromPretrainedOptions, SavableComponent, SavePretrainedOptions } from '../../src/params/component-class'
import { parseConfig } from '../configs/parse-config'
import { readConfig } from '../configs/read-config'
import { saveConfig } from '../configs/write-config'
import * as tf from '../tensors/tf'
import { toGrayscale, toRgb } from './convert-channels'
import { Image } from './image'
import { ImageSizeError } from './image-size-error'
import { requireEqualImages } from './require-equal-images'
import { resize } from './resample'

const configSchema = z
  .object({
    /** Images are resized to multiples of `vaeScaleFactor`. */
    doResize: z.boolean().default(true),
    /** Pixels of the image for one pixel of the latents, in width and in height. */
    vaeScaleFactor: z.int().min(1).default(8),
    resample: z.enum(['lanczos', 'bicubic', 'bilinear', 'nearest']).default('lanczos'),
    /** Tensors range from -1 to 1; from 0 to 1 otherwise. */
    doNormalize: z.boolean().default(true),
    /** Numbers below 0.5 become 0, others 1; for masks. */
    doBinarize: z.boolean().default(false),
    doConvertRgb: z.boolean().default(false),
    doConvertGrayscale: z.boolean().default(false),
  })
  .refine(config => !(config.doConvertRgb && config.doConvertGrayscale), {
    error: 'doConvertRgb and doConvertGrayscale exclude each other',
  })

/** The settings of a {@link VaeImageProcessor}. */
export type VaeImageProcessorConfig = Readonly<z.output<typeof configSchema>>

/** The file that its settings lie in. */
const CONFIG_NAME = 'config.json'

/** The size that images are brought to. */
export interface PreprocessOptions {
  /** In pixels, rounded down to a multiple of the VAE's factor. Default: that of the first image. */
  height?: number | undefined
  width?: number | undefined
}

/** What {@link VaeImageProcessor.postprocess} makes. */
export interface PostprocessOptions<Type extends 'image' | 'tensor' = 'image' | 'tensor'> {
  /** `image`: one Image for each element of the batch; `tensor`: numbers from 0 to 1 in the same shape. */
  outputType: Type
}

/** Turns images into tensors `[batch, height, width, channels]` and such tensors into images. */
export class VaeImageProcessor implements SavableComponent {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'VaeImageProcessor'

  readonly config: VaeImageProcessorConfig

  /** @throws ConfigError for a setting of the wrong type or out of range */
  constructor(config: Partial<VaeImageProcessorConfig> = {}) {
    this.config = parseConfig(configSchema, config, { component: 'VaeImageProcessor' })
  }

  /**
   * From settings in snake_case or camelCase; those that it does not know are passed over.
   *
   * @throws ConfigError for a setting of the wrong type or out of range
   */
  static fromConfig(config: Readonly<Record<string, unknown>>): VaeImageProcessor {
    return new VaeImageProcessor(config)
  }

  /**
   * From the `config.json` of a folder, as `save_config` of diffusers writes it.
   *
   * @throws MissingFileError, InvalidConfigError, ConfigError
   */
  static async fromPretrained(path: string, options: FromPretrainedOptions = {}): Promise<VaeImageProcessor> {
    const { subfolder, signal } = options
    const top = await resolveRepository(path, { subfolder, files: [CONFIG_NAME] }, options)
    signal?.throwIfAborted()
    return new VaeImageProcessor(await readConfig(subfolder === undefined ? top : join(top, subfolder), CONFIG_NAME))
  }

  /** Writes the settings to the `config.json` of a folder. @throws UnwritableFileError */
  savePretrained(folder: string, { signal }: SavePretrainedOptions = {}): Promise<void> {
    return saveConfig(join(folder, CONFIG_NAME), this, { signal })
  }

  /**
   * Images as a tensor `[batch, height, width, channels]`, which the caller owns.
   *
   * @throws ImageSizeError if there are none, if they are not of one size in the end, or if that size is smaller than the
   * VAE's factor
   */
  preprocess(images: Image | readonly Image[], options: PreprocessOptions = {}): tf.Tensor4D {
    const batch = images instanceof Image ? [images] : images
    const prepared = this.resizeAll(batch, options).map(image => this.convertChannels(image))
    const { width, height, channels } = requireEqualImages(prepared, 'A batch')
    const numbers = Float32Array.from({ length: 256 }, (_, byte) => this.toNumber(byte))
    const values = new Float32Array(prepared.length * height * width * channels)
    let to = 0
    for (const { data } of prepared) for (const byte of data) values[to++] = numbers[byte] as number
    return tf.tensor4d(values, [prepared.length, height, width, channels])
  }

  /**
   * What a VAE decoded, as images or as numbers from 0 to 1. What is outside the range is cut off.
   *
   * @param images `[batch, height, width, channels]`, from -1 to 1 (from 0 to 1 without `doNormalize`); left as it is
   * @throws InvalidImageError if images of that many channels cannot be made
   */
  async postprocess(images: tf.Tensor4D, options: PostprocessOptions<'image'>): Promise<Image[]>
  async postprocess(images: tf.Tensor4D, options: PostprocessOptions<'tensor'>): Promise<tf.Tensor4D>
  async postprocess(images: tf.Tensor4D, options: PostprocessOptions): Promise<Image[] | tf.Tensor4D>
  async postprocess(images: tf.Tensor4D, { outputType }: PostprocessOptions): Promise<Image[] | tf.Tensor4D> {
    const denormalized = tf.tidy(() => this.denormalize(images))
    if (outputType === 'tensor') return denormalized
    try {
      return toImages(await denormalized.data<'float32'>(), denormalized.shape)
    } finally {
      denormalized.dispose()
    }
  }

  private resizeAll(images: readonly Image[], options: PreprocessOptions): readonly Image[] {
    const [first] = images
    if (!this.config.doResize || first === undefined) return images
    const width = this.roundSize('width', options.width ?? first.width)
    const height = this.roundSize('height', options.height ?? first.height)
    return images.map(image => resize(image, { width, height, resample: this.config.resample }))
  }

  private roundSize(name: 'width' | 'height', size: number): number {
    const { vaeScaleFactor } = this.config
    if (!(size >= vaeScaleFactor)) {
      throw new ImageSizeError(
        `The ${name} of an image for the VAE must be at least ${vaeScaleFactor}, but is ${size}.`,
      )
    }
    return size - (size % vaeScaleFactor)
  }

  private convertChannels(image: Image): Image {
    if (this.config.doConvertRgb) return toRgb(image)
    return this.config.doConvertGrayscale ? toGrayscale(image) : image
  }

  /** What stands in the tensor for a byte; each step rounded to float32, as in the reference. */
  private toNumber(byte: number): number {
    const { doNormalize, doBinarize } = this.config
    const fraction = Math.fround(byte / 255)
    const number = doNormalize ? Math.fround(2 * fraction - 1) : fraction
    return doBinarize ? Number(number >= 0.5) : number
  }

  private denormalize(images: tf.Tensor4D): tf.Tensor4D {
    return this.config.doNormalize ? tf.clipByValue(images.mul(0.5).add<tf.Tensor4D>(0.5), 0, 1) : images.clone()
  }
}

function toImages(values: Float32Array, [batch, height, width, channels]: tf.Tensor4D['shape']): Image[] {
  // This array rounds halves to even numbers, as NumPy does, and cuts off what is not from 0 to 255.
  const bytes = new Uint8ClampedArray(values.length)
  for (let i = 0; i < values.length; i++) bytes[i] = Math.fround((values[i] as number) * 255)
  const length = height * width * channels
  return Array.from({ length: batch }, (_, i) => {
    // The constructor refuses other numbers of channels.
    const options = { width, height, channels: channels as 1 | 3 | 4 }
    return new Image({ ...options, data: new Uint8Array(bytes.buffer, i * length, length) })
  })
}
