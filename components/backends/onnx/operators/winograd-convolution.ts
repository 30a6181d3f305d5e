/**
 * A 3×3 convolution in tiles (Winograd's F(4×4, 3×3)): products at 36 points for 16 results, where the direct convolution multiplies 144 times. ONNX Runtime
 * has no such kernel for the CPU, so it is written as products of matrices. Each keeps the order that the next one needs, with
 * two transpositions in between that move whole rows.
 */
import type { OnnxBuilder } from '../onnx-builder'
import {
  columnPoints,
  kernelPoints,
  POINTS,
  type Rows,
  resultColumns,
  resultRows,
  rowPoints,
  TILE,
} from './winograd-matrices'
import type { MapSizes } from './winograd-that-pays'

/** Bytes of points that are computed with at one time, about. More would raise the peak of memory. */
export interface PointLimits {
  readonly inputs: number
  readonly kernels: number
}

const LIMITS: PointLimits = { inputs: 48 * 2 ** 20, kernels: 16 * 2 ** 20 }

/** Bytes of the points of one tile in one channel, or of one kernel. */
const POINT_BYTES = 4 * POINTS ** 2

/** Names of a convolution's inputs. */
export interface ConvolutionNames {
  /** `[batch, in, height, width]` */
  readonly map: string
  /** The kernels of some output channels, `[out, in, 3, 3]`. */
  readonly weight: (begin: number, end: number) => string
  readonly bias: string | undefined
}

/** Writes the convolution. Returns the name of its result, channels first. */
export function convolveInTiles(
  builder: OnnxBuilder,
  { map, weight, bias }: ConvolutionNames,
  sizes: MapSizes,
  limits: PointLimits = LIMITS,
): string {
  const { batch, height, outChannels } = sizes
  const kernels = transformKernels(builder, weight, sizes, limits.kernels)
  const { isDivided, strips } = piecesOf(sizes, limits.inputs)
  const images = isDivided ? Array.from({ length: batch }, (_, i) => slice(builder, map, 0, i, i + 1)) : [map]
  const convolved = images.map(image => {
    const results = strips.map(strip => {
      const rows = strips.length === 1 ? image : slice(builder, image, 2, strip.begin, strip.begin + strip.length)
      return convolveStrip(builder, rows, kernels, strip, { ...sizes, batch: isDivided ? 1 : batch })
    })
    return concat(builder, results, 2)
  })
  const whole = concat(builder, convolved, 0)
  const result = height % TILE === 0 ? whole : slice(builder, whole, 2, 0, height)
  return bias === undefined ? result : builder.add('Add', [result, builder.reshape(bias, [1, outChannels, 1, 1])])
}

/** The kernels of some output channels. */
interface Kernels {
  /** Name of their points, `[36, 1, out, in]`. */
  readonly points: string
  readonly channels: number
}

/** Transforms kernels, some output channels at a time: the runtime computes each part when it is first used. */
function transformKernels(
  builder: OnnxBuilder,
  weight: ConvolutionNames['weight'],
  { inChannels, outChannels }: MapSizes,
  limit: number,
): Kernels[] {
  const count = Math.ceil((outChannels * inChannels * POINT_BYTES) / limit)
  // Few channels would make small products.
  const most = Math.max(64, Math.ceil(outChannels / count / 16) * 16)
  // Were it a constant, the runtime could compute and keep four times as many numbers as the weights are.
  const toPoints = builder.unfolded('winograd kernels', [POINTS ** 2, 9], kernelPoints)
  const parts: Kernels[] = []
  for (let begin = 0; begin < outChannels; begin += most) {
    const channels = Math.min(most, outChannels - begin)
    const rows = builder.reshape(weight(begin, begin + channels), [channels * inChannels, 9])
    const points = builder.add('MatMul', [toPoints, builder.transpose(rows, [1, 0])])
    parts.push({ points: builder.reshape(points, [POINTS ** 2, 1, channels, inChannels]), channels })
  }
  return parts
}

/** Rows of a map that are computed at one time. */
interface Strip extends Rows {
  /** The first of them. */
  readonly begin: number
}

/** What is computed at one time: strips of all images, or of one after another. */
function piecesOf(
  { batch, height, width, inChannels }: MapSizes,
  limit: number,
): { isDivided: boolean; strips: Strip[] } {
  const rowBytes = POINT_BYTES * inChannels * Math.ceil(width / TILE)
  const isDivided = batch > 1 && batch * Math.ceil(height / TILE) * rowBytes > limit
  return { isDivided, strips: stripsOf(height, Math.floor(limit / rowBytes)) }
}

/** Cuts a map into strips of at most so many rows of tiles. */
function stripsOf(height: number, most: number): Strip[] {
  const all = Math.ceil(height / TILE)
  const each = Math.ceil(all / Math.ceil(all / Math.max(1, most)))
  const strips: Strip[] = []
  for (let first = 0; first < all; first += each) {
    const tiles = Math.min(each, all - first)
    // A tile needs one row above and one below.
    const before = first === 0 ? 0 : 1
    const begin = first * TILE - before
    strips.push({ tiles, begin, before, length: Math.min(height, (first + tiles) * TILE + 1) - begin })
  }
  return strips
}

/** Convolves a strip of a map. Returns the name of `[batch, out, 4 · tiles, width]`. */
function convolveStrip(
  builder: OnnxBuilder,
  rows: string,
  kernels: readonly Kernels[],
  strip: Strip,
  { batch, width, inChannels }: MapSizes,
): string {
  const wide = Math.ceil(width / TILE)
  const inputs = builder.reshape(transformInput(builder, rows, strip, { channels: batch * inChannels, width }), [
    POINTS ** 2,
    batch,
    inChannels,
    strip.tiles * wide,
  ])
  const toRows = floats(builder, 'results', [TILE, POINTS], resultRows)
  const toColumns = floats(builder, `results ${width}`, [POINTS * wide, width], () => resultColumns(width, wide))
  const results = kernels.map(({ points, channels }) => {
    const products = builder.add('MatMul', [points, inputs])
    const lines = batch * channels * strip.tiles
    const ofRows = builder.add('MatMul', [toRows, builder.reshape(products, [POINTS, POINTS * lines * wide])])
    const moved = builder.transpose(builder.reshape(ofRows, [TILE, POINTS, lines, wide]), [2, 0, 1, 3])
    const result = builder.add('MatMul', [builder.reshape(moved, [lines * TILE, POINTS * wide]), toColumns])
    return builder.reshape(result, [batch, channels, TILE * strip.tiles, width])
  })
  return concat(builder, results, 1)
}

/** Transforms rows of a map to the points of their tiles. Returns the name of `[6, 6, channels · tiles, tiles]`. */
function transformInput(
  builder: OnnxBuilder,
  rows: string,
  strip: Strip,
  { channels, width }: { channels: number; width: number },
): string {
  const { tiles, length, before } = strip
  const wide = Math.ceil(width / TILE)
  const toRows = floats(builder, `rows ${[tiles, length, before]}`, [POINTS * tiles, length], () => rowPoints(strip))
  const toColumns = floats(builder, `columns ${width}`, [1, POINTS, width, wide], () => columnPoints(width, wide))
  const ofRows = builder.add('MatMul', [toRows, builder.reshape(rows, [channels, length, width])])
  const moved = builder.transpose(builder.reshape(ofRows, [channels, POINTS, tiles * width]), [1, 0, 2])
  return builder.add('MatMul', [builder.reshape(moved, [POINTS, 1, channels * tiles, width]), toColumns])
}

function floats(builder: OnnxBuilder, key: string, shape: readonly number[], make: () => Float32Array): string {
  return builder.shared(`winograd ${key}`, shape, make, 'float32')
}

/** Cuts a part out of a value, along one axis. */
export function slice(builder: OnnxBuilder, name: string, axis: number, begin: number, end: number): string {
  return builder.add('Slice', [name, builder.ints([begin]), builder.ints([end]), builder.ints([axis])])
}

function concat(builder: OnnxBuilder, names: readonly string[], axis: number): string {
  return names.length === 1 ? (names[0] as string) : builder.add('Concat', names, { axis })
}
