/** Small pictures for tests. */
import { Image, type ImageOptions } from '../../../components/images/image'

/** A picture whose bytes are counted up, so that no two neighbours are equal. */
export function countingImage(width: number, height: number, channels: ImageOptions['channels'] = 3, first = 0): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (first + i) % 256)
  return new Image({ width, height, channels, data })
}
