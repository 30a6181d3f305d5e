/** Reads pictures for pipelines. Counterpart: diffusers utils/loading_utils.py (load_image). */
import { toRgb } from './convert-channels'
import type { ImageLoadOptions } from './decode-image'
import { Image } from './image'

/**
 * Reads an image file as an upright RGB picture, with the numbers that Pillow gives: opacity and colour profiles are ignored. Two kinds differ from it: of grey
 * pictures of 16 bits, Pillow makes all levels above 255 white, and transparent pixels of a GIF are black here.
 *
 * @param source a path, the bytes of a file, or a picture
 * @param options how large the picture may be, which formats are read, and whether a colour profile counts
 * @throws MissingFileError if there is no such file; InvalidImageError if it cannot be read, is damaged, too large, or of another format
 */
export async function loadImage(source: string | URL | Uint8Array | Image, options?: ImageLoadOptions): Promise<Image> {
  return toRgb(source instanceof Image ? source : await Image.load(source, { ignoreColorProfile: true, ...options }))
}
