/** Brings images to the numbers that CLIP's vision models work with. Counterpart: transformers models/clip/image_processing_pil_clip.py (CLIPImageProcessor). */
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../../src/files/make-folder'
import { pathOf } from '../../src/files/path-of'
import { mapKeys, toCamelCase, toSnakeCase } from '../../src/format/wire-names'
import type { FromPretrainedOptions, SavableComponent, SavePretrainedOptions } from '../../src/params/component-class'
import { inPieces, runInSlices } from '../../src/runtime/time-slice'
import { fetchConfig } from '../configs/fetch-config'
import { parseConfig } from '../configs/parse-config'
import { snakeCased, writeJson } from '../configs/write-config'
import { makeTensor } from '../tensors/make-tensor'
import type * as tf from '../tensors/tf'
import { overWhiteLoop } from './alpha-composite'
import { rgbLoop } from './convert-channels'
import { cropOrPad } from './crop'
import type { Image } from './image'
import { InvalidImageError } from './invalid-image-error'
import { requireEqualImages } from './require-equal-images'
import { type Resample, resizeLoop } from './resample'

const side = z.int().positive()

/** Reads the keys inside of a size as files have them. */
const inCamelCase = (size: unknown) =>
  typeof size === 'object' && size !== null ? mapKeys(size as Record<string, unknown>, toCamelCase) : size

/** Numbers of PIL's filters; those of others are not supported. */
const FILTERS: readonly (Resample | undefined)[] = ['nearest', 'lanczos', 'bilinear', 'bicubic']
const filter = z.preprocess(
  value => (typeof value === 'number' ? (FILTERS[value] ?? value) : value),
  z.enum(['nearest', 'lanczos', 'bilinear', 'bicubic']),
)

const perChannel = z.array(z.number()).length(3)

const schema = z.object({
  doResize: z.boolean().default(true),
  /** The size in pixels that images are brought to: of the shorter side, which keeps their shape, or of both. */
  size: z
    .preprocess(
      size => (typeof size === 'number' ? { shortestEdge: size } : inCamelCase(size)),
      z.union([z.strictObject({ shortestEdge: side }), z.strictObject({ height: side, width: side })]),
    )
    .default({ shortestEdge: 224 }),
  resample: filter.default('bicubic'),
  doCenterCrop: z.boolean().default(true),
  /** The part in the middle that is kept, in pixels. Black is added where the image is smaller. */
  cropSize: z
    .preprocess(
      size => (typeof size === 'number' ? { height: size, width: size } : size),
      z.strictObject({ height: side, width: side }),
    )
    .default({ height: 224, width: 224 }),
  doRescale: z.boolean().default(true),
  /** Bytes are multiplied by this. */
  rescaleFactor: z.number().default(1 / 255),
  doNormalize: z.boolean().default(true),
  /** Taken from each channel. */
  imageMean: perChannel.default([0.48145466, 0.4578275, 0.40821073]),
  /** Each channel is divided by this. */
  imageStd: perChannel.default([0.26862954, 0.26130258, 0.27577711]),
  /** Whether images are made RGB, which the model needs; what is transparent becomes white. */
  doConvertRgb: z.boolean().default(true),
})

/** The settings of a {@link CLIPImageProcessor}. */
export type CLIPImageProcessorConfig = Readonly<z.output<typeof schema>>

/** The file that its settings are in. */
const CONFIG_NAME = 'preprocessor_config.json'

/** Keys of files that change nothing here. */
const WITHOUT_EFFECT = new Set(
  [
    'feature_extractor_type',
    'image_processor_type',
    'processor_class',
    'default_to_square',
    'return_tensors',
    'data_format',
  ].map(toCamelCase),
)

/** Turns images into tensors for CLIP: resized, cut to the middle, scaled and normalised. */
export class CLIPImageProcessor implements SavableComponent {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'CLIPImageProcessor'

  /** The settings, complete and frozen. */
  readonly config: CLIPImageProcessorConfig

  /** @throws ConfigError for a setting of the wrong type or out of range */
  constructor(config: Readonly<Record<string, unknown>> = {}, file?: string) {
    this.config = parseConfig(schema, config, { component: 'CLIPImageProcessor', file, withoutEffect: WITHOUT_EFFECT })
  }

  /**
   * From settings in snake_case or camelCase.
   *
   * @throws ConfigError for a setting of the wrong type or out of range
   */
  static fromConfig(config: Readonly<Record<string, unknown>>): CLIPImageProcessor {
    return new CLIPImageProcessor(config)
  }

  /**
   * From the `preprocessor_config.json` of a folder, as `save_pretrained` of transformers writes it.
   *
   * @throws MissingFileError, InvalidConfigError, ConfigError
   */
  static async fromPretrained(path: string | URL, options: FromPretrainedOptions = {}): Promise<CLIPImageProcessor> {
    const { config, file } = await fetchConfig(path, CONFIG_NAME, options)
    return new CLIPImageProcessor(config, file)
  }

  /** Writes the settings to the `preprocessor_config.json` of a folder. @throws UnwritableFileError */
  async savePretrained(path: string | URL, { signal }: SavePretrainedOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const folder = pathOf(path, 'folder')
    await makeFolder(folder)
    const { resample, ...config } = this.config
    const settings = { ...snakeCased(config), resample: FILTERS.indexOf(resample) }
    await writeJson(join(folder, CONFIG_NAME), {
      ...settings,
      [toSnakeCase('imageProcessorType')]: 'CLIPImageProcessor',
    })
  }

  /**
   * Images as a tensor `[batch, height, width, 3]`, which the caller owns. Computed in slices between which the event loop runs.
   *
   * @throws InvalidImageError for an image that is not RGB, without `doConvertRgb`
   * @throws ImageSizeError if there are no images, or if they are not of one size in the end; the reason of `options.signal`
   */
  async preprocess(
    images: Image | readonly Image[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<tf.Tensor4D> {
    const { values, shape } = await runInSlices(this.preprocessLoop([images].flat() as Image[]), signal)
    return makeTensor<tf.Rank.R4>(values, shape, { signal })
  }

  private *preprocessLoop(
    images: readonly Image[],
  ): Generator<void, { values: Float32Array; shape: tf.Tensor4D['shape'] }, void> {
    const { doResize, resample, doCenterCrop, cropSize } = this.config
    const prepared: Image[] = []
    for (const given of images) {
      let image = yield* this.rgbOf(given)
      if (doResize) image = yield* resizeLoop(image, { ...this.sizeFor(image), resample })
      prepared.push(doCenterCrop ? cropOrPad(image, cropSize) : image)
    }
    const { width, height } = requireEqualImages(prepared, 'A batch')
    const tables = [0, 1, 2].map(channel =>
      Float32Array.from({ length: 256 }, (_, byte) => this.toNumber(byte, channel)),
    )
    const length = height * width * 3
    const values = new Float32Array(prepared.length * length)
    for (const [i, { data }] of prepared.entries()) {
      const target = values.subarray(i * length, (i + 1) * length)
      yield* inPieces(length, (begin, end) => {
        for (let k = begin; k < end; k++) target[k] = tables[k % 3]?.[data[k] as number] as number
      })
    }
    return { values, shape: [prepared.length, height, width, 3] }
  }

  /** An image in RGB. @throws InvalidImageError for another one that is not to be converted */
  private *rgbOf(image: Image): Generator<void, Image, void> {
    if (image.channels !== 3 && !this.config.doConvertRgb) {
      throw new InvalidImageError('Image', `has ${image.channels} channels, but CLIP needs 3. Set doConvertRgb.`)
    }
    return yield* rgbLoop(yield* overWhiteLoop(image))
  }

  /** The size that an image is brought to. */
  private sizeFor({ width, height }: Image): { width: number; height: number } {
    const { size } = this.config
    if ('height' in size) return size
    const { shortestEdge: short } = size
    const long = Math.trunc((short * Math.max(width, height)) / Math.min(width, height))
    return width <= height ? { width: short, height: long } : { width: long, height: short }
  }

  /** The tensor's value for a byte; each step rounded to float32, as in the reference. */
  private toNumber(byte: number, channel: number): number {
    const { doRescale, rescaleFactor, doNormalize, imageMean, imageStd } = this.config
    const { fround } = Math
    const scaled = doRescale ? fround(byte * rescaleFactor) : byte
    if (!doNormalize) return scaled
    return fround(fround(scaled - fround(imageMean[channel] as number)) / fround(imageStd[channel] as number))
  }
}
