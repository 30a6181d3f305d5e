/** Where the tiles of a map lie, and how their results are put together. */
import { makeTensor } from '../../tensors/make-tensor'
import * as tf from '../../tensors/tf'

/** The tiles that a map is computed in. */
export interface TileGrid {
  /** Side of a tile in the map. */
  readonly size: number
  /** From the begin of a tile to the begin of the next one. */
  readonly stride: number
  /** The side of the result for a side of the map. */
  readonly toResult: (length: number) => number
}

/** Computes one tile: `[batch, height, width, channels]` → `[batch, height', width', outChannels]`. */
export type ComputeTile = (tile: tf.Tensor4D) => Promise<tf.Tensor4D>

/** Computes a map in tiles that overlap, and puts the results together. The result is the caller's. */
export type JoinTiles = (map: tf.Tensor4D, grid: TileGrid, compute: ComputeTile) => Promise<tf.Tensor4D>

/** The numbers of a map: `[batch, height, width, channels]`. */
export class PlainMap {
  constructor(
    readonly shape: tf.Tensor4D['shape'],
    readonly values: Float32Array = new Float32Array(tf.util.sizeFromShape([...shape])),
  ) {}

  /** The part of a row of one image that begins at a column. */
  row(image: number, y: number, x = 0, columns = this.shape[2] - x): Float32Array {
    const [, height, width, channels] = this.shape
    const begin = ((image * height + y) * width + x) * channels
    return this.values.subarray(begin, begin + columns * channels)
  }

  /** A tensor with these numbers, which the caller owns. */
  toTensor(): Promise<tf.Tensor4D> {
    return makeTensor<tf.Rank.R4>(this.values, this.shape)
  }
}

/** Where the tiles of one dimension begin. A last one that would give no pixel of the result is left out. */
export function tileStarts(length: number, { stride, toResult }: TileGrid): number[] {
  const starts: number[] = []
  for (let start = 0; toResult(length - start) >= 1; start += stride) starts.push(start)
  return starts
}

/** Computes one tile of a map, and gives its numbers. */
export async function computeTile(
  map: tf.Tensor4D,
  { size }: TileGrid,
  [top, left]: readonly [top: number, left: number],
  compute: ComputeTile,
): Promise<PlainMap> {
  const [, height, width] = map.shape
  const tile = map.slice([0, top, left, 0], [-1, Math.min(size, height - top), Math.min(size, width - left), -1])
  let result: tf.Tensor4D | undefined
  try {
    result = await compute(tile)
    return new PlainMap(result.shape, await result.data<'float32'>())
  } finally {
    tf.dispose(result ? [tile, result] : tile)
  }
}

/** An empty result for a map, once the channels are known. */
export function emptyResult(map: tf.Tensor4D, { toResult }: TileGrid, channels: number): PlainMap {
  const [batch, height, width] = map.shape
  return new PlainMap([batch, toResult(height), toResult(width), channels])
}
