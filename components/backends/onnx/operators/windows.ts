/** Where the windows of a convolution find their positions. */
import type { conv2dInfo } from '../../recorder/kernels/neural'

/** The map that the windows take from. */
interface SourceMap {
  readonly height: number
  readonly width: number
  /** How much larger the map is that the convolution sees: each position stands there for a rectangle of equal ones. */
  readonly factor: readonly [height: number, width: number]
}

/**
 * Returns the index of the position for each place of each window, with all positions of a batch in one row: `[batch · height · width of the result · window]`. What
 * is outside of the map has the index behind the last position.
 */
export function windowPlaces(
  info: ReturnType<typeof conv2dInfo>,
  { height, width, factor: [tall, wide] }: SourceMap,
): Int32Array {
  const { batchSize, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info
  const outside = batchSize * height * width
  const places = new Int32Array(batchSize * outHeight * outWidth * filterHeight * filterWidth)
  let at = 0
  for (let sample = 0; sample < batchSize; sample++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++)
        for (let y = 0; y < filterHeight; y++)
          for (let x = 0; x < filterWidth; x++) {
            const top = Math.floor((row * strideHeight + y - padInfo.top) / tall)
            const left = Math.floor((column * strideWidth + x - padInfo.left) / wide)
            const isInside = top >= 0 && top < height && left >= 0 && left < width
            places[at++] = isInside ? (sample * height + top) * width + left : outside
          }
  return places
}
