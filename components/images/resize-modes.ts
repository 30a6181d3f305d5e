/** Ways to bring an image to a size of other proportions. Counterpart: diffusers image_processor.py (_resize_and_fill, _resize_and_crop). */
import { rgbLoop } from './convert-channels'
import { crop } from './crop'
import type { Image } from './image'
import { ImageSizeError } from './image-size-error'
import { type ResizeOptions, resizeLoop } from './resample'

/** `default` distorts the image, `fill` continues at its edges, `crop` cuts what is too much. */
export const RESIZE_MODES = ['default', 'fill', 'crop'] as const

/** The name of a way. */
export type ResizeMode = (typeof RESIZE_MODES)[number]

/** Brings an image to a size; `fill` and `crop` give RGB images. @throws ImageSizeError if nothing of it is left */
export function* resizeInModeLoop(image: Image, mode: ResizeMode, size: ResizeOptions): Generator<void, Image, void> {
  if (mode === 'default') return yield* resizeLoop(image, size)
  return mode === 'fill' ? yield* resizeAndFill(image, size) : yield* resizeAndCrop(image, size)
}

function* resizeAndCrop(image: Image, size: ResizeOptions): Generator<void, Image, void> {
  const isWider = size.width / size.height > image.width / image.height
  const resized = yield* resizeLoop(image, inner(image, size, isWider))
  return centred(yield* rgbLoop(resized), size)
}

function* resizeAndFill(image: Image, size: ResizeOptions): Generator<void, Image, void> {
  const { width, height } = size
  const [ratio, ownRatio] = [width / height, image.width / image.height]
  const resized = yield* resizeLoop(image, inner(image, size, ratio < ownRatio))
  const result = centred(yield* rgbLoop(resized), size)
  const columns = Math.floor(width / 2) - Math.floor(resized.width / 2)
  const rows = Math.floor(height / 2) - Math.floor(resized.height / 2)
  // From an empty box at the edge, with the filter that Pillow has by default: what continues there.
  if (ratio < ownRatio && rows > 0) {
    const strip = { width, height: rows, resample: 'bicubic' } as const
    paste(result, yield* rgbLoop(yield* resizeLoop(resized, { ...strip, rows: [0, 0] })), 0, 0)
    const end = [resized.height, resized.height] as const
    paste(result, yield* rgbLoop(yield* resizeLoop(resized, { ...strip, rows: end })), 0, rows + resized.height)
  } else if (ratio > ownRatio && columns > 0) {
    const strip = { width: columns, height, resample: 'bicubic' } as const
    paste(result, yield* rgbLoop(yield* resizeLoop(resized, { ...strip, columns: [0, 0] })), 0, 0)
    const end = [resized.width, resized.width] as const
    paste(result, yield* rgbLoop(yield* resizeLoop(resized, { ...strip, columns: end })), columns + resized.width, 0)
  }
  return result
}

/** The size with the proportions of the image, where the width is the one that is asked for, otherwise the height. */
function inner(image: Image, size: ResizeOptions, byWidth: boolean): ResizeOptions {
  const width = byWidth ? size.width : Math.floor((image.width * size.height) / image.height)
  const height = byWidth ? Math.floor((image.height * size.width) / image.width) : size.height
  if (width < 1 || height < 1) {
    const wanted = `${size.width} × ${size.height}`
    throw new ImageSizeError(
      `An image of ${image.width} × ${image.height} pixels is too narrow to be resized to ${wanted} in its proportions.`,
    )
  }
  return { ...size, width, height }
}

/** An image in the middle of black, or its middle. */
function centred(image: Image, { width, height }: ResizeOptions): Image {
  const left = Math.floor(image.width / 2) - Math.floor(width / 2)
  const top = Math.floor(image.height / 2) - Math.floor(height / 2)
  return crop(image, [left, top, left + width, top + height])
}

/** Writes an image over a part of another one. */
function paste(below: Image, above: Image, left: number, top: number): void {
  const { channels } = below
  const columns = Math.min(above.width, below.width - left)
  for (let y = 0; y < above.height && top + y < below.height; y++) {
    const row = above.data.subarray(y * above.width * channels, (y * above.width + columns) * channels)
    below.data.set(row, ((top + y) * below.width + left) * channels)
  }
}
