/** Changes the channels of images as Pillow does. Counterpart: Pillow's src/libImaging/Convert.c. */
import { inPieces, runAtOnce } from '../../src/runtime/time-slice'
import { Image } from './image'

/** An image as RGB: grey becomes three equal channels, opacity is dropped. */
export function toRgb(image: Image): Image {
  return runAtOnce(rgbLoop(image))
}

/** The loop of {@link toRgb}, in pieces. */
export function* rgbLoop(image: Image): Generator<void, Image, void> {
  if (image.channels === 3) return image
  const { width, height, channels, data } = image
  const rgb = new Uint8Array(width * height * 3)
  yield* inPieces(width * height, (begin, end) => {
    for (let i = 3 * begin, from = channels * begin; i < 3 * end; i += 3, from += channels) {
      for (let c = 0; c < 3; c++) rgb[i + c] = data[channels === 1 ? from : from + c] as number
    }
  })
  return new Image({ width, height, channels: 3, data: rgb })
}

/** An image as grey, by the weights of ITU-R 601-2; opacity is dropped. */
export function toGrayscale(image: Image): Image {
  return runAtOnce(grayscaleLoop(image))
}

/** The loop of {@link toGrayscale}, in pieces. */
export function* grayscaleLoop(image: Image): Generator<void, Image, void> {
  if (image.channels === 1) return image
  const { width, height, channels, data } = image
  const grey = new Uint8Array(width * height)
  yield* inPieces(grey.length, (begin, end) => {
    for (let i = begin, from = channels * begin; i < end; i++, from += channels) {
      const [red, green, blue] = [data[from] as number, data[from + 1] as number, data[from + 2] as number]
      grey[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    }
  })
  return new Image({ width, height, channels: 1, data: grey })
}
