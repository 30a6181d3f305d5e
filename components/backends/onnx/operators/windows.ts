/** The windows of a map that a convolution sees, gathered into rows, so that the convolution is one product. */
import type { GraphValue } from '../../recorder/graph'
import type { OnnxBuilder } from '../onnx-builder'

/** How windows move over a map: a part of what TensorFlow.js says of a convolution. */
interface WindowGeometry {
  readonly batchSize: number
  readonly outHeight: number
  readonly outWidth: number
  readonly filterHeight: number
  readonly filterWidth: number
  readonly strideHeight: number
  readonly strideWidth: number
  readonly padInfo: { readonly top: number; readonly left: number }
}

/** What a convolution sees of a map. */
interface EnlargedMap {
  readonly map: GraphValue
  /** How much larger the convolution sees the map: each position stands there for a rectangle of equal ones. */
  readonly factor: readonly [height: number, width: number]
}

/** A map that windows are gathered of. */
interface WindowSource extends EnlargedMap {
  /** Name of its numbers. */
  readonly values: string
  /** Name of the number that stands for zero. */
  readonly zero: string
}

/** The map that nearest-neighbour upsampling has enlarged by whole factors: a window takes from it what it would find in the large one. */
export function enlarged(x: GraphValue): EnlargedMap {
  const none = { map: x, factor: [1, 1] as const }
  if (x.origin.kind !== 'node' || x.origin.node.kernel !== 'ResizeNearestNeighbor') return none
  const { inputs, attrs } = x.origin.node
  const map = inputs.images as GraphValue
  const factor = [1, 2].map(axis => (x.shape[axis] as number) / (map.shape[axis] as number)) as [number, number]
  const isWhole = factor.every(Number.isInteger) && !attrs.alignCorners && !attrs.halfPixelCenters
  return isWhole && map.dtype === 'float32' ? { map, factor } : none
}

/** Brings the positions of a map into rows, with one of zeros behind the last. Returns the name of the rows. */
function padMap(builder: OnnxBuilder, { map, values, zero }: WindowSource): string {
  const [batch = 1, height = 1, width = 1, channels = 1] = map.shape
  const positions = builder.reshape(values, [batch * height * width, channels])
  // Behind the last position lies one of zeros, for all that is outside of the map.
  const outside = builder.add('Expand', [builder.reshape(zero, [1, 1]), builder.ints([1, channels])])
  return builder.add('Concat', [positions, outside], { axis: 0 })
}

/** Gathers windows. Returns the name of `[positions of the result, height · width of the window · channels]`. */
export function gatherWindows(builder: OnnxBuilder, source: WindowSource, geometry: WindowGeometry): string {
  const { map, factor } = source
  const rows = padMap(builder, source)
  const [, height = 1, width = 1, channels = 1] = map.shape
  const { batchSize, outHeight, outWidth, filterHeight, filterWidth } = geometry
  const { strideHeight, strideWidth, padInfo } = geometry
  const [positions, window] = [batchSize * outHeight * outWidth, filterHeight * filterWidth]
  const steps = [strideHeight, strideWidth, padInfo.top, padInfo.left]
  const key = ['windows', batchSize, height, width, ...factor, outHeight, outWidth, filterHeight, filterWidth, ...steps]
  const places = builder.shared(key.join(), [positions, window], () =>
    windowPlaces(geometry, { height, width, factor }),
  )
  const gathered = builder.add('Gather', [rows, places], { axis: 0 })
  return builder.reshape(gathered, [positions, window * channels])
}

/**
 * Returns the index of the position for each place of each window, with all positions of a batch in one row: `[batch · height · width of the result · window]`. What
 * is outside of the map has the index behind the last position.
 */
function windowPlaces(
  geometry: WindowGeometry,
  { height, width, factor: [tall, wide] }: Pick<EnlargedMap, 'factor'> & { height: number; width: number },
): Int32Array {
  const { batchSize, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = geometry
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
