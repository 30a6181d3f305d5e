/** Finds the part of a picture that a mask is about. Counterpart: diffusers image_processor.py (get_crop_region). */
import { toGrayscale } from './convert-channels'
import type { CropRegion } from './crop'
import type { Image } from './image'
import { ImageSizeError } from './image-size-error'

/** The size that the part is worked on in, and how much of its surroundings belongs to it. */
export interface CropRegionOptions {
  /** Width of the result in pixels. */
  readonly width: number
  /** Height of the result in pixels. */
  readonly height: number
  /** Pixels that are added on each side. Default: 0. */
  readonly padding?: number | undefined
}

/**
 * Returns the smallest region that holds everything that is not black in a mask, with the padding. It has the
 * proportions of the working size as far as the mask is large enough.
 *
 * @throws ImageSizeError for a mask that is black everywhere
 */
export function getCropRegion(mask: Image, { width, height, padding = 0 }: CropRegionOptions): CropRegion {
  const found = boundsOf(toGrayscale(mask))
  if (found === undefined) {
    throw new ImageSizeError(
      'The mask is black everywhere, so it has no region to crop to. Paint white what is to change.',
    )
  }
  const [left, top, right, bottom] = found
  const across = [Math.trunc(Math.max(left - padding, 0)), Math.trunc(Math.min(right + padding, mask.width))] as const
  const down = [Math.trunc(Math.max(top - padding, 0)), Math.trunc(Math.min(bottom + padding, mask.height))] as const
  const [w, h] = [across[1] - across[0], down[1] - down[0]]
  const ratio = width / height
  if (w / h > ratio) {
    const [y1, y2] = widen(down, Math.trunc(w / ratio - h), mask.height)
    return [across[0], y1, across[1], y2]
  }
  const [x1, x2] = widen(across, Math.trunc(h * ratio - w), mask.width)
  return [x1, down[0], x2, down[1]]
}

/** The smallest region with all that is not black. */
function boundsOf({ width, height, data }: Image): CropRegion | undefined {
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] === 0) continue
      left = Math.min(left, x)
      right = Math.max(right, x + 1)
      top = Math.min(top, y)
      bottom = y + 1
    }
  }
  return right === 0 ? undefined : [left, top, right, bottom]
}

/** Makes a side longer, to both ends, and moves it into the mask. */
function widen([begin, end]: readonly [number, number], by: number, limit: number): [number, number] {
  const before = Math.floor(by / 2)
  let [from, to] = [begin - before, end + by - before]
  if (to >= limit) {
    from -= to - limit
    to = limit
  }
  if (from < 0) {
    to -= from
    from = 0
  }
  return [from, Math.min(to, limit)]
}
