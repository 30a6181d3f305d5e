/** A picture in memory, and its files. Counterpart: PIL.Image, as far as pipelines need it. */

import { basename, dirname, extname } from 'node:path'
import type { Sharp } from 'sharp'
import { absolutePath } from '../../src/files/absolute-path'
import { pathOf } from '../../src/files/path-of'
import { readFileBytes } from '../../src/files/read-file'
import { UnwritableFileError } from '../../src/files/unwritable-file-error'
import { writeFileAtomically } from '../../src/files/write-file-atomically'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import { decodeImage, type ImageLimits, type ImageLoadOptions, imageFileBytes } from './decode-image'
import { InvalidImageError } from './invalid-image-error'
import { loadSharp } from './load-sharp'
import { addPngText } from './png-text'

/** What an {@link Image} is made of. */
export interface ImageOptions {
  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
  /** 1 is grey, 3 is RGB, 4 is RGB and opacity. */
  readonly channels: 1 | 3 | 4
  /** Row by row from the top, pixel by pixel from the left, channel by channel; 0 to 255. */
  readonly data: Uint8Array
}

/** Of 100, where sharp's default of 80 shows in smooth areas. */
const QUALITY = 95

/** The formats that images are written in, by the extension of the file's name. */
const ENCODERS: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  '.png': image => image.png(),
  '.jpg': image => image.jpeg({ quality: QUALITY }),
  '.jpeg': image => image.jpeg({ quality: QUALITY }),
  '.webp': image => image.webp({ quality: QUALITY }),
}

/** Extensions of the files that images are written to, in lower case. */
export const IMAGE_EXTENSIONS: readonly string[] = Object.keys(ENCODERS)

/** A picture of 8 bits for each channel. */
export class Image implements ImageOptions {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'Image'

  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
  readonly channels: 1 | 3 | 4
  readonly data: Uint8Array

  /** @throws InvalidImageError if the data are not as many as width, height and channels say */
  constructor({ width, height, channels, data }: ImageOptions) {
    const sizes = [width, height, channels]
    if (!sizes.every(size => Number.isSafeInteger(size) && size > 0) || ![1, 3, 4].includes(channels)) {
      const expected = 'expected a width and height of at least 1 and 1, 3 or 4 channels'
      throw new InvalidImageError('Image', `${expected}, got ${sizes.map(String).join(' × ')}.`)
    }
    if (data.length !== width * height * channels) {
      const expected = `${width} × ${height} × ${channels} need ${width * height * channels} bytes of data`
      throw new InvalidImageError('Image', `${expected}, got ${data.length}.`)
    }
    this.width = width
    this.height = height
    this.channels = channels
    this.data = data
  }

  /** Width, height and channels in words, e.g. `512 × 512 × 3`. */
  get size(): string {
    return `${this.width} × ${this.height} × ${this.channels}`
  }

  /**
   * Reads a PNG, JPEG, WebP, GIF, TIFF or AVIF image, upright and in sRGB, with 3 channels or, where it has opacity, 4.
   *
   * @param source a path, or the bytes of a file
   * @param options how large the image may be, which formats are read, and whether a colour profile counts
   * @throws MissingFileError if there is no such file
   * @throws InvalidImageError if it cannot be read, is damaged, too large, or of another format
   */
  static async load(source: string | URL | Uint8Array, options: ImageLoadOptions = {}): Promise<Image> {
    const path = source instanceof Uint8Array ? undefined : pathOf(source, 'source')
    const bytes = source instanceof Uint8Array ? source : await readImageFile(path as string, options)
    const name = path ?? 'Image'
    return new Image(await decodeImage(bytes, name, options))
  }

  /**
   * The bytes of a PNG file.
   *
   * @param text stored in the file by keyword; `readPngText` reads it
   * @throws InvalidPngTextError if a keyword or a text is not allowed there
   */
  async toPng(text: Readonly<Record<string, string>> = {}): Promise<Buffer> {
    return addPngText(await this.encode('.png'), text)
  }

  /**
   * Writes a PNG, JPEG or WebP file, as the path's extension says; as a whole or not at all.
   *
   * @param text stored in the file by keyword; PNG files alone can hold it
   * @throws UnwritableFileError if the extension is none of `.png`, `.jpg`, `.jpeg`, `.webp`, or the file cannot be written
   * @throws InvalidPngTextError if a keyword or a text is not allowed there
   */
  async save(file: string | URL, text: Readonly<Record<string, string>> = {}): Promise<void> {
    // Absolute, as the process may change its folder while the image is encoded.
    const path = absolutePath(pathOf(file, 'file'))
    const extension = extname(path).toLowerCase()
    if (!Object.hasOwn(ENCODERS, extension)) {
      throw new UnwritableFileError(
        path,
        'unknown-format',
        `its name must end in one of ${IMAGE_EXTENSIONS.join(', ')}.`,
      )
    }
    const bytes = extension === '.png' ? await this.toPng(text) : await this.encode(extension)
    await writeFileAtomically(path, [bytes])
  }

  private async encode(extension: string): Promise<Buffer> {
    const sharp = loadSharp()
    const { width, height, channels, data } = this
    try {
      const image = sharp(data, { raw: { width, height, channels } })
      return await (ENCODERS[extension] as (image: Sharp) => Sharp)(image).toBuffer()
    } catch (cause) {
      throw new InvalidImageError('Image', `cannot be encoded as ${extension}: ${(cause as Error).message}.`, cause)
    }
  }
}

async function readImageFile(path: string, limits: ImageLimits): Promise<Uint8Array> {
  try {
    return await readFileBytes(path, imageFileBytes(limits))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const folder = dirname(absolutePath(path))
      throw new MissingFileError(folder, [basename(path)], await listFolder(folder))
    }
    throw new InvalidImageError(path, `cannot be read: ${message}.`, error)
  }
}
