/** Tiles that are drawn over each other. Counterpart: models/autoencoders/autoencoder_tiny.py (_tiled_decode, _tiled_encode). */
import type * as tf from '../../tensors/tf'
import { type ComputeTile, computeTile, emptyResult, PlainMap, type TileGrid, tileStarts } from './tile-grid'

/**
 * Computes a map in tiles. Each tile is drawn over those before it. Its opacity rises from 0 to 1 over its overlap with
 * the tile above and the one on its left. An overlap of one pixel of the result, where the reference divides by zero,
 * keeps the earlier tile there.
 */
export async function overlayTiles(map: tf.Tensor4D, grid: TileGrid, compute: ComputeTile): Promise<tf.Tensor4D> {
  const overlap = grid.toResult(grid.size - grid.stride)
  let result: PlainMap | undefined
  for (const top of tileStarts(map.shape[1], grid)) {
    for (const left of tileStarts(map.shape[2], grid)) {
      const tile = await computeTile(map, grid, [top, left], compute)
      result ??= emptyResult(map, grid, tile.shape[3])
      const opacities = {
        rows: opacitiesOf(tile.shape[1], top === 0 ? 0 : overlap),
        columns: opacitiesOf(tile.shape[2], left === 0 ? 0 : overlap),
      }
      draw(tile, result, [grid.toResult(top), grid.toResult(left)], opacities)
    }
  }
  return (result ?? new PlainMap([map.shape[0], 0, 0, 0])).toTensor()
}

/** The opacity of each row or column of a tile. */
function opacitiesOf(length: number, overlap: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (i >= overlap ? 1 : Math.min(i / Math.max(overlap - 1, 1), 1)))
}

function draw(
  tile: PlainMap,
  result: PlainMap,
  [top, left]: readonly [number, number],
  { rows, columns }: { rows: Float32Array; columns: Float32Array },
): void {
  const [batch, height, width, channels] = tile.shape
  const { fround } = Math
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < height; y++) {
      const from = tile.row(image, y)
      const to = result.row(image, top + y, left, width)
      for (let x = 0; x < width; x++) {
        const opacity = fround((rows[y] as number) * (columns[x] as number))
        const rest = fround(1 - opacity)
        for (let i = x * channels; i < (x + 1) * channels; i++) {
          to[i] = fround(opacity * (from[i] as number)) + fround(rest * (to[i] as number))
        }
      }
    }
  }
}
