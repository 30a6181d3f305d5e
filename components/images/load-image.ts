/** Reads pictures for pipelines. Counterpart: diffusers utils/loading_utils.py (load_image). */
import { toRgb } from './convert-channels'
import { decodeImage, type ImageLoadOptions } from './decode-image'
import { type DownloadOptions, downloadImage, printableAddress, webAddress } from './download-image'
import { Image } from './image'

/** Options of {@link loadImage}. */
export interface LoadImageOptions extends ImageLoadOptions, DownloadOptions {}

/**
 * Reads an image file as an upright RGB picture, with the numbers that Pillow gives: opacity and colour profiles are ignored. Two kinds differ from it: of grey
 * pictures of 16 bits, Pillow makes all levels above 255 white, and transparent pixels of a GIF are black here.
 *
 * Pictures of the web are downloaded through the proxy that the environment names, as repositories of the Hub are, and without a token.
 *
 * @param source a path, an address (`file:`, `http:` or `https:`), the bytes of a file, or a picture
 * @param options how large the picture may be, which formats are read, whether a colour profile counts, and how long to wait for a server
 * @throws MissingFileError if there is no such file; InvalidImageError if it cannot be read, is damaged, too large, or of another format
 * @throws ImageDownloadError if an address cannot be read, or leads to more bytes than a picture may have; the reason of the signal
 */
export async function loadImage(
  source: string | URL | Uint8Array | Image,
  options: LoadImageOptions = {},
): Promise<Image> {
  return toRgb(source instanceof Image ? source : await readImage(source, { ignoreColorProfile: true, ...options }))
}

async function readImage(source: string | URL | Uint8Array, options: LoadImageOptions): Promise<Image> {
  if (source instanceof Uint8Array) return Image.load(source, options)
  const address = webAddress(source)
  if (address === undefined) {
    return Image.load(typeof source === 'string' && /^file:/i.test(source) ? new URL(source) : source, options)
  }
  return new Image(await decodeImage(await downloadImage(address, options), printableAddress(address), options))
}
