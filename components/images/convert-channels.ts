/** Changes the channels of images as Pillow does. Counterpart: Pillow's src/libImaging/Convert.c. */
import { Image } from './image'

/** An image as RGB: grey becomes three equal channels, opacity is dropped. */
export function toRgb(image: Image): Image {
  if (image.channels === 3) return image
  const { width, height, channels, data } = image
  const rgb = new Uint8Array(width * height * 3)
  for (let i = 0, from = 0; i < rgb.length; i += 3, from += channels) {
    for (let c = 0; c < 3; c++) rgb[i + c] = data[channels === 1 ? from : from + c] as number
  }
  return new Image({ width, height, channels: 3, data: rgb })
}

/** An image as grey, by the weights of ITU-R 601-2; opacity is dropped. */
export function toGrayscale(image: Image): Image {
  if (image.channels === 1) return image
  const { width, height, channels, data } = image
  const grey = new Uint8Array(width * height)
  for (let i = 0, from = 0; i < grey.length; i++, from += channels) {
    const [red, green, blue] = data.subarray(from, from + 3) as unknown as [number, number, number]
    grey[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
  }
  return new Image({ width, height, channels: 1, data: grey })
}
