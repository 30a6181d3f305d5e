/** Tiles whose overlaps fade into each other. Counterpart: models/autoencoders/autoencoder_kl.py (tiled_decode, blend_v, blend_h). */
import type * as tf from '../../tensors/tf'
import { type ComputeTile, computeTile, emptyResult, PlainMap, type TileGrid, tileStarts } from './tile-grid'

/**
 * Computes a map in tiles. Each tile fades from the one above it, then from the one on its left, over all of the overlap; both are as they are after
 * their own fading. What the next tiles cover is then cut off.
 */
export async function blendTiles(map: tf.Tensor4D, grid: TileGrid, compute: ComputeTile): Promise<tf.Tensor4D> {
  const extent = grid.toResult(grid.size - grid.stride)
  const limit = grid.toResult(grid.stride)
  let result: PlainMap | undefined
  let above: PlainMap[] = []
  for (const top of tileStarts(map.shape[1], grid)) {
    const row: PlainMap[] = []
    for (const left of tileStarts(map.shape[2], grid)) {
      const tile = await computeTile(map, grid, [top, left], compute)
      const [upper, before] = [above[row.length], row.at(-1)]
      if (upper) fadeRows(upper, tile, extent)
      if (before) fadeColumns(before, tile, extent)
      row.push(tile)
      result ??= emptyResult(map, grid, tile.shape[3])
      copyCorner(tile, result, [grid.toResult(top), grid.toResult(left)], limit)
    }
    above = row
  }
  return (result ?? new PlainMap([map.shape[0], 0, 0, 0])).toTensor()
}

/** Fades the first rows of a tile from the last rows of the one above. */
function fadeRows(above: PlainMap, tile: PlainMap, most: number): void {
  const [batch, height, width, channels] = tile.shape
  const extent = Math.min(above.shape[1], height, most)
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < extent; y++) {
      const from = above.row(image, above.shape[1] - extent + y)
      fade(from, tile.row(image, y), y / extent, width * channels)
    }
  }
}

/** Fades the first columns of a tile from the last columns of the one on its left. */
function fadeColumns(left: PlainMap, tile: PlainMap, most: number): void {
  const [batch, height, width, channels] = tile.shape
  const extent = Math.min(left.shape[2], width, most)
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < height; y++) {
      const from = left.row(image, y, left.shape[2] - extent)
      const to = tile.row(image, y)
      for (let x = 0; x < extent; x++) {
        fade(from.subarray(x * channels), to.subarray(x * channels), x / extent, channels)
      }
    }
  }
}

/** `to` becomes `(1 - part) · from + part · to`, each step rounded as in the reference. */
function fade(from: Float32Array, to: Float32Array, part: number, count: number): void {
  const [old, fresh] = [Math.fround(1 - part), Math.fround(part)]
  for (let i = 0; i < count; i++) {
    to[i] = Math.fround((from[i] as number) * old) + Math.fround((to[i] as number) * fresh)
  }
}

/** Copies the part of a tile that no later tile covers. */
function copyCorner(tile: PlainMap, result: PlainMap, [top, left]: readonly [number, number], limit: number): void {
  const [batch, height, width] = tile.shape
  const columns = Math.min(width, limit)
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < Math.min(height, limit); y++) {
      result.row(image, top + y, left, columns).set(tile.row(image, y, 0, columns))
    }
  }
}
