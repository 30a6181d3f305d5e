/** The settings of tiles. Counterpart: models/autoencoders/autoencoder_kl.py (tile_sample_min_size, tile_overlap_factor). */
import { TilingError } from './tiling-error'

/** How an autoencoder uses tiles. */
export interface TilingOptions {
  /** `always` for every image larger than a tile; `auto` if there is not enough memory without them. Default: `always`. */
  mode?: 'always' | 'auto'
  /** Side of a tile in pixels, a multiple of `spatialFactor`. Default: that of the class. */
  tileSampleMinSize?: number
  /** The part of a tile that overlaps with the next one, from 0 up to but not 1. Default: that of the class. */
  tileOverlapFactor?: number
}

/** The sizes of tiles, complete. */
export type TileSizes = Required<Omit<TilingOptions, 'mode'>>

/** From the begin of a tile to the begin of the next one. */
export function strideOf(size: number, overlap: number): number {
  return Math.trunc(size * (1 - overlap))
}

/** @throws TilingError for sizes that cannot be used */
export function checkTiling(
  { tileSampleMinSize: size, tileOverlapFactor: overlap }: TileSizes,
  { model, factor }: { model: string; factor: number },
): void {
  const problem = (setting: string, text: string) => new TilingError(model, setting, text)
  if (!(Number.isInteger(size) && size >= factor && size % factor === 0)) {
    throw problem('tileSampleMinSize', `must be a multiple of ${factor} pixels, but is ${size}.`)
  }
  if (!(overlap >= 0 && overlap < 1)) {
    throw problem('tileOverlapFactor', `must be at least 0 and less than 1, but is ${overlap}.`)
  }
  if (strideOf(size / factor, overlap) < 1) {
    throw problem(
      'tileOverlapFactor',
      `of ${overlap} leaves nothing of tiles of ${size} pixels. Pass a smaller overlap or larger tiles.`,
    )
  }
}
