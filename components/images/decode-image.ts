/** Decodes image files of unknown origin, within limits. */
import { nameList } from '../../src/errors/text'
import { lfsAdvice } from '../../src/files/lfs-pointer'
import { runInSlices } from '../../src/runtime/time-slice'
import { cmykToRgbLoop } from './cmyk-to-rgb'
import { type ImageFormat, imageFormatOf, PIXEL_FORMATS } from './image-format'
import { InvalidImageError } from './invalid-image-error'
import { loadSharp } from './load-sharp'
import { withoutPngText } from './png-chunks'

/** Limits of reading an image. A file of some kilobytes can hold a picture of gigabytes. */
export interface ImageLimits {
  /** Pixels that the image may have, width times height. Default: 67,108,864 (8192 × 8192). */
  readonly maxPixels?: number | undefined
  /** Formats that are read. Default: `png`, `jpeg`, `webp`, `gif`, `tiff` and `avif`; `svg` must be named. */
  readonly formats?: readonly ImageFormat[] | undefined
}

/** How an image is read. */
export interface ImageLoadOptions extends ImageLimits {
  /**
   * Whether a colour profile in the file is ignored, as Pillow does: numbers stay as they are, and CMYK becomes RGB by the plain formula. Default:
   * false; colours are converted to sRGB.
   */
  readonly ignoreColorProfile?: boolean | undefined
}

/** Four bytes a pixel make 256 MiB, and the pictures of most cameras fit. */
const MOST_PIXELS = 2 ** 26

/** Bytes that an image file may have: four for each pixel, as if nothing were compressed, and some for everything else that it holds. */
export const imageFileBytes = ({ maxPixels = MOST_PIXELS }: ImageLimits): number => 4 * maxPixels + 2 ** 24

/** Seconds that decoding may take: some formats can ask for the same pixels again and again. It does not block the event loop. */
const LONGEST = 60

/** Pixels of a decoded file. */
export interface DecodedImage {
  readonly width: number
  readonly height: number
  readonly channels: 3 | 4
  readonly data: Uint8Array
}

/**
 * The pixels of an image file, upright and in sRGB (as they are, where the profile is ignored), with 3 channels or, where it has opacity, 4.
 *
 * @param name for the error
 * @throws InvalidImageError for a file that is damaged, too large, or of a format that is not allowed
 */
export async function decodeImage(
  bytes: Uint8Array,
  name: string,
  options: ImageLoadOptions = {},
): Promise<DecodedImage> {
  const { maxPixels = MOST_PIXELS, formats = PIXEL_FORMATS, ignoreColorProfile: ignoreIcc = false } = options
  const format = requireFormat(bytes, name, formats)
  const sharp = loadSharp()
  try {
    const file = format === 'png' ? withoutPngText(bytes) : bytes
    // Its own limit would not say what to do.
    const found = await sharp(file, { limitInputPixels: false }).metadata()
    if (found.format !== (format === 'avif' ? 'heif' : format)) throw new Error(`it is ${found.format}, not ${format}`)
    const { width, height } = found
    if (width * height > maxPixels) throw new TooManyPixels(width, height, maxPixels)
    const image = sharp(file, { limitInputPixels: maxPixels, ignoreIcc }).timeout({ seconds: LONGEST }).autoOrient()
    if (ignoreIcc && found.space === 'cmyk') {
      const inks = image.pipelineColourspace('cmyk').toColourspace('cmyk').raw({ depth: 'uchar' })
      const { data, info } = await inks.toBuffer({ resolveWithObject: true })
      return { width: info.width, height: info.height, channels: 3, data: await runInSlices(cmykToRgbLoop(data)) }
    }
    const { data, info } = await image
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3, data }
  } catch (cause) {
    throw new InvalidImageError(name, `cannot be read as an image: ${(cause as Error).message}.`, cause)
  }
}

/** The format of the file. @throws InvalidImageError for one that is not among `formats` */
function requireFormat(bytes: Uint8Array, name: string, formats: readonly ImageFormat[]): ImageFormat {
  const format = imageFormatOf(bytes)
  if (format !== undefined && formats.includes(format)) return format
  const problem =
    format === undefined
      ? `is not an image of a known format. ${lfsAdvice(bytes) ?? `Expected ${nameList(formats)}.`}`
      : `is an image of the format ${format}, but expected ${nameList(formats)}. Pass { formats: ['${format}'] } to read it.`
  throw new InvalidImageError(name, problem)
}

class TooManyPixels extends Error {
  constructor(width: number, height: number, most: number) {
    super(
      `it has ${width} × ${height} pixels, but at most ${most} are read. Pass { maxPixels: ${width * height} } to read it`,
    )
  }
}
