/** Brings images to the numbers that a VAE works with, and back. Counterpart: diffusers image_processor.py. */

import { join } from 'node:path'
import { z } from 'zod'
import { pathOf } from '../../src/files/path-of'
import type { FromPretrainedOptions, SavableComponent, SavePretrainedOptions } from '../../src/params/component-class'
import { inPieces, runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import { fetchConfig } from '../configs/fetch-config'
import { parseConfig } from '../configs/parse-config'
import { saveConfig } from '../configs/write-config'
import { makeTensor } from '../tensors/make-tensor'
import { warnOfNonFinite } from '../tensors/non-finite'
import * as tf from '../tensors/tf'
import { type OverlayOptions, overlayLoop } from './apply-overlay'
import { grayscaleLoop, rgbLoop } from './convert-channels'
import { type CropRegion, crop } from './crop'
import { type CropRegionOptions, getCropRegion } from './crop-region'
import { denormalizeLoop, imagesLoop } from './decoded-pixels'
import { gaussianBlurLoop } from './gaussian-blur'
import { Image } from './image'
import { ImageSizeError } from './image-size-error'
import { requireEqualImages } from './require-equal-images'
import { type ResizeMode, resizeInModeLoop } from './resize-modes'
import { type ImageTensor, preprocessTensors } from './tensor-images'

const configSchema = z
  .object({
    /** Images are resized to multiples of `vaeScaleFactor`. */
    doResize: z.boolean().default(true),
    /** Pixels of the image for one pixel of the latents, in width and in height. */
    vaeScaleFactor: z.int().min(1).default(8),
    /** Tensors with this many channels are taken for latents, and stay as they are. */
    vaeLatentChannels: z.int().min(1).default(4),
    resample: z.enum(['lanczos', 'bicubic', 'bilinear', 'nearest']).default('lanczos'),
    /** Resizing in two steps, which is not supported. */
    reducingGap: z.null().default(null),
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

/** The file that its settings are in. */
const CONFIG_NAME = 'config.json'

/** The size that images are brought to. */
export interface PreprocessOptions {
  /** In pixels, rounded down to a multiple of the VAE's factor. Default: that of the first image. */
  height?: number | undefined
  /** Width of the result in pixels (default: that of the image). */
  width?: number | undefined
  /** How pictures of other proportions are resized: `default` distorts them, `fill` continues at their edges, `crop` cuts what is too much. */
  resizeMode?: ResizeMode | undefined
  /** The part of each picture that is taken, in pixels. Default: the whole. */
  cropRegion?: CropRegion | undefined
}

/** One or several pictures, or one or several tensors with numbers from 0 to 1. */
export type ImageInput = Image | readonly Image[] | ImageTensor | readonly ImageTensor[]

/** What {@link VaeImageProcessor.postprocess} makes. */
export interface PostprocessOptions<Type extends 'image' | 'tensor' = 'image' | 'tensor'> {
  /** `image`: one Image for each element of the batch; `tensor`: numbers from 0 to 1 in the same shape. */
  outputType: Type
  /** Which images of the batch range from -1 to 1; the others from 0 to 1. Default: `doNormalize` for all. */
  doDenormalize?: readonly boolean[] | undefined
  /** Stops the conversion of large batches. */
  signal?: AbortSignal | undefined
}

/** Turns images into tensors `[batch, height, width, channels]` and such tensors into images. */
export class VaeImageProcessor implements SavableComponent {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'VaeImageProcessor'

  /** All settings, with defaults. */
  readonly config: VaeImageProcessorConfig

  /** @throws ConfigError for a setting of the wrong type or out of range */
  constructor(config: Partial<VaeImageProcessorConfig> = {}) {
    this.config = parseConfig(configSchema, config, { component: 'VaeImageProcessor' })
  }

  /**
   * From settings in snake_case or camelCase; unknown ones are ignored.
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
  static async fromPretrained(path: string | URL, options: FromPretrainedOptions = {}): Promise<VaeImageProcessor> {
    const { config } = await fetchConfig(path, CONFIG_NAME, options)
    return new VaeImageProcessor(config)
  }

  /** Returns this processor with other settings. @throws ConfigError */
  with(changes: Partial<VaeImageProcessorConfig>): this {
    const changed = parseConfig(configSchema, { ...this.config, ...changes }, { component: 'VaeImageProcessor' })
    return Object.create(this, { config: { value: changed, enumerable: true } }) as this // Of this very class.
  }

  /** Writes the settings to the `config.json` of a folder. @throws UnwritableFileError */
  savePretrained(folder: string | URL, { signal }: SavePretrainedOptions = {}): Promise<void> {
    return saveConfig(join(pathOf(folder, 'folder'), CONFIG_NAME), this, { signal })
  }

  /**
   * Images as a tensor `[batch, height, width, channels]`, which the caller owns.
   *
   * @throws ImageSizeError if none exist, if they are not of one size in the end, or if that size is smaller than the
   * VAE's factor
   */
  preprocess(images: Image | readonly Image[], options: PreprocessOptions = {}): tf.Tensor4D {
    const { values, shape } = runAtOnce(this.preprocessLoop(images, options))
    return tf.tensor4d(values, shape)
  }

  /**
   * Images as a tensor as {@link preprocess} makes it, computed in slices between which the event loop runs.
   *
   * Tensors range from 0 to 1 and are resized by the nearest pixels; those with as many channels as latents are copied as they are. A warning reports
   * tensors with values below 0, which are taken to be normalised already.
   *
   * @throws ImageSizeError as there, and for another `resizeMode` than `default` or a region of tensors; InvalidImageError for pictures among tensors;
   * the reason of `options.signal`
   */
  async preprocessAsync(
    images: ImageInput,
    { signal, ...options }: PreprocessOptions & { signal?: AbortSignal | undefined } = {},
  ): Promise<tf.Tensor4D> {
    const batch = [images].flat() as (Image | ImageTensor)[]
    if (batch.some(image => image instanceof tf.Tensor)) {
      return preprocessTensors(batch, options, this.config, size => this.targetSize([size], options))
    }
    const { values, shape } = await runInSlices(this.preprocessLoop(batch as Image[], options), signal)
    return makeTensor<tf.Rank.R4>(values, shape, { signal })
  }

  /**
   * The smallest region of a mask that holds all that is not black, with padding, in the proportions of the size that it is worked on in.
   *
   * @throws ImageSizeError for a mask that is black everywhere
   */
  getCropRegion(mask: Image, options: CropRegionOptions): CropRegion {
    return getCropRegion(mask, options)
  }

  /** An image with a Gaussian blur whose standard deviation is `blurFactor` pixels. @throws the reason of `options.signal` */
  blur(image: Image, blurFactor = 4, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Image> {
    return runInSlices(gaussianBlurLoop(image, blurFactor), signal)
  }

  /**
   * The new image where the mask is white, and the old one where it is black, in RGB.
   *
   * @throws ImageSizeError for a mask of another size than the old image; the reason of `options.signal`
   */
  applyOverlay({
    signal,
    ...images
  }: Omit<OverlayOptions, 'resample'> & { signal?: AbortSignal | undefined }): Promise<Image> {
    return runInSlices(overlayLoop({ ...images, resample: this.config.resample }), signal)
  }

  /**
   * Converts what a VAE decoded to images, or to numbers from 0 to 1. Values outside the range are clipped; a warning reports NaN and infinity.
   *
   * @param images `[batch, height, width, channels]`, from -1 to 1 (from 0 to 1 without `doNormalize`); left as it is
   * @throws InvalidImageError if images of that many channels cannot be made
   */
  async postprocess(images: tf.Tensor4D, options: PostprocessOptions<'image'>): Promise<Image[]>
  async postprocess(images: tf.Tensor4D, options: PostprocessOptions<'tensor'>): Promise<tf.Tensor4D>
  async postprocess(images: tf.Tensor4D, options: PostprocessOptions): Promise<Image[] | tf.Tensor4D>
  async postprocess(
    images: tf.Tensor4D,
    { outputType, doDenormalize, signal }: PostprocessOptions,
  ): Promise<Image[] | tf.Tensor4D> {
    await warnOfNonFinite('PICTURE_NOT_FINITE', 'picture', images, { effect: ': NaN becomes black', signal })
    const isNormalized = Array.from(
      { length: images.shape[0] },
      (_, i) => doDenormalize?.[i] ?? this.config.doNormalize,
    )
    if (outputType === 'tensor' && !isNormalized.includes(true)) return images.clone()
    const values = await images.data<'float32'>()
    if (outputType === 'tensor') {
      return makeTensor(await runInSlices(denormalizeLoop(values, isNormalized), signal), images.shape, { signal })
    }
    return runInSlices(imagesLoop(values, images.shape, isNormalized), signal)
  }

  private *preprocessLoop(
    images: Image | readonly Image[],
    options: PreprocessOptions,
  ): Generator<void, { values: Float32Array; shape: tf.Tensor4D['shape'] }, void> {
    const prepared: Image[] = []
    const batch = images instanceof Image ? [images] : images
    const { cropRegion, resizeMode = 'default' } = options
    const given = cropRegion === undefined ? batch : batch.map(image => crop(image, cropRegion))
    const size = this.targetSize(given, options)
    for (const image of given) {
      const target = size && { ...size, resample: this.config.resample }
      const resized = target ? yield* resizeInModeLoop(image, resizeMode, target) : image
      prepared.push(yield* this.convertChannels(resized))
    }
    const { width, height, channels } = requireEqualImages(prepared, 'A batch')
    const numbers = Float32Array.from({ length: 256 }, (_, byte) => this.toNumber(byte))
    const length = height * width * channels
    const values = new Float32Array(prepared.length * length)
    for (const [i, { data }] of prepared.entries()) {
      const target = values.subarray(i * length, (i + 1) * length)
      yield* inPieces(length, (begin, end) => {
        for (let k = begin; k < end; k++) target[k] = numbers[data[k] as number] as number
      })
      yield
    }
    return { values, shape: [prepared.length, height, width, channels] }
  }

  /** The size that images are brought to; none where they keep theirs. */
  private targetSize(
    [first]: readonly { width: number; height: number }[],
    options: PreprocessOptions,
  ): { width: number; height: number } | undefined {
    if (!this.config.doResize || first === undefined) return undefined
    const width = this.roundSize('width', options.width ?? first.width)
    const height = this.roundSize('height', options.height ?? first.height)
    return { width, height }
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

  private *convertChannels(image: Image): Generator<void, Image, void> {
    if (this.config.doConvertRgb) return yield* rgbLoop(image)
    return this.config.doConvertGrayscale ? yield* grayscaleLoop(image) : image
  }

  /** The tensor's value for a byte; each step rounded to float32, as in the reference. */
  private toNumber(byte: number): number {
    const { doNormalize, doBinarize } = this.config
    const fraction = Math.fround(byte / 255)
    const number = doNormalize ? Math.fround(2 * fraction - 1) : fraction
    return doBinarize ? Number(number >= 0.5) : number
  }
}
