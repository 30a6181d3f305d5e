/** Puts an image over another one. Counterpart: Pillow's src/libImaging/AlphaComposite.c. */
import { inPieces } from '../../src/runtime/time-slice'
import { Image } from './image'
import { divideBy255 } from './premultiply'

/** Bits that the weights of colours have behind the point. */
const PRECISION_BITS = 7

/**
 * RGBA data over RGBA data of the same size; the result replaces what is below.
 *
 * @param below changed
 */
export function* compositeLoop(below: Uint8Array, above: Uint8Array): Generator<void, void, void> {
  yield* inPieces(below.length / 4, (begin, end) => {
    for (let i = 4 * begin; i < 4 * end; i += 4) compositePixel(below, above, i)
  })
}

function compositePixel(below: Uint8Array, above: Uint8Array, at: number): void {
  const alpha = above[at + 3] as number
  if (alpha === 0) return
  const blended = (below[at + 3] as number) * (255 - alpha)
  const opacity = alpha * 255 + blended
  const upper = Math.trunc((alpha * 255 * 255 * 2 ** PRECISION_BITS) / opacity)
  const lower = 255 * 2 ** PRECISION_BITS - upper
  for (let c = at; c < at + 3; c++) {
    const sum = (above[c] as number) * upper + (below[c] as number) * lower + (0x80 << PRECISION_BITS)
    below[c] = divideBy255(sum) >> PRECISION_BITS
  }
  below[at + 3] = divideBy255(opacity + 0x80)
}

/** An image with opacity: 255 everywhere for one that has none. */
export function* rgbaLoop(image: Image): Generator<void, Image, void> {
  const { width, height, channels, data } = image
  if (channels === 4) return image
  const rgba = new Uint8Array(width * height * 4)
  yield* inPieces(width * height, (begin, end) => {
    for (let i = begin; i < end; i++) {
      for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[channels === 1 ? i : 3 * i + c] as number
      rgba[4 * i + 3] = 255
    }
  })
  return new Image({ width, height, channels: 4, data: rgba })
}

/** An image in RGB; what is transparent becomes white. Counterpart: convert_to_rgb of transformers' image_transforms.py. */
export function* overWhiteLoop(image: Image): Generator<void, Image, void> {
  const { width, height, channels, data } = image
  if (channels !== 4) return image
  const white = new Uint8Array(data.length).fill(255)
  yield* compositeLoop(white, data)
  return new Image({ width, height, channels, data: white })
}
