/** Checks that images go together. */
import type { Image } from './image'
import { ImageSizeError } from './image-size-error'

/**
 * The first of some images that all have its width, height and channels.
 *
 * @param purpose what they are needed for, as the subject of a sentence: `A grid`
 * @throws ImageSizeError if none exists, or if one is different
 */
export function requireEqualImages(images: readonly Image[], purpose: string): Image {
  const [first] = images
  if (first === undefined) throw new ImageSizeError(`${purpose} needs at least one image, but got none.`)
  for (const [i, { size }] of images.entries()) {
    if (size === first.size) continue
    throw new ImageSizeError(
      `${purpose} needs images of one size, but image 0 is ${first.size} and image ${i} is ${size}.`,
    )
  }
  return first
}
