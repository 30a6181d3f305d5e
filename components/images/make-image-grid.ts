/** Several images on one sheet. Counterpart: diffusers utils/pil_utils.py (make_image_grid). */
import { Image } from './image'
import { ImageSizeError } from './image-size-error'
import { requireEqualImages } from './require-equal-images'

/** How images are laid out. */
export interface ImageGridOptions {
  /** Default: as many as make the sheet square. */
  columns?: number | undefined
}

/**
 * Tiles images row by row. Places that are left over are white.
 *
 * @throws ImageSizeError if there are no images, if they are not of one size, or if `columns` is no whole number of at least 1
 */
export function makeImageGrid(
  images: readonly Image[],
  { columns = Math.ceil(Math.sqrt(images.length)) }: ImageGridOptions = {},
): Image {
  const { width, height, channels } = requireEqualImages(images, 'A grid')
  if (!Number.isSafeInteger(columns) || columns < 1) {
    throw new ImageSizeError(`A grid needs a whole number of at least 1 columns, but got ${columns}.`)
  }
  const rows = Math.ceil(images.length / columns)
  const rowBytes = columns * width * channels
  const data = new Uint8Array(rows * height * rowBytes).fill(255)
  for (const [i, image] of images.entries()) {
    const left = (i % columns) * width * channels
    const top = Math.floor(i / columns) * height
    for (let y = 0; y < height; y++) {
      const line = image.data.subarray(y * width * channels, (y + 1) * width * channels)
      data.set(line, (top + y) * rowBytes + left)
    }
  }
  return new Image({ width: columns * width, height: rows * height, channels, data })
}
