/** Cuts images. Counterpart: PIL.Image.crop. */
import { Image } from './image'

/** A part of an image, in pixels; right and bottom are the first column and row that are no longer in it. */
export type CropRegion = readonly [left: number, top: number, right: number, bottom: number]

/** The part of an image in a region, black and transparent outside of the image. @throws InvalidImageError for an empty region */
export function crop(image: Image, [left, top, right, bottom]: CropRegion): Image {
  const [width, height] = [right - left, bottom - top]
  const { channels } = image
  const data = new Uint8Array(Math.max(0, width) * Math.max(0, height) * channels)
  const [from, to] = [Math.max(0, left), Math.min(image.width, right)]
  for (let y = Math.max(0, top); y < Math.min(image.height, bottom) && from < to; y++) {
    const row = image.data.subarray((y * image.width + from) * channels, (y * image.width + to) * channels)
    data.set(row, ((y - top) * width + from - left) * channels)
  }
  return new Image({ width, height, channels, data })
}

/** The middle of an image, with black around it where it is smaller. Counterpart: center_crop of transformers' image_transforms.py. */
export function cropOrPad(image: Image, { width, height }: { width: number; height: number }): Image {
  const left = beginOfMiddle(image.width, width)
  const top = beginOfMiddle(image.height, height)
  return crop(image, [left, top, left + width, top + height])
}

/** Where the middle begins: an odd rest goes to the end of a cut, and to the begin of what is added, as in the reference. */
function beginOfMiddle(size: number, wanted: number): number {
  return Math.floor((size - wanted) / 2)
}
