/** Decides how a call of an autoencoder is computed: at once, image by image, or in tiles. */
import { formatBytes } from '../../../src/format/byte-size'

/** When a call is computed in tiles: always, never, or if there is not enough memory for it. */
export type TilingMode = 'always' | 'never' | 'auto'

/** Tiles in latents. */
export interface LatentTiles {
  /** Side of a tile. */
  readonly size: number
  /** From the begin of a tile to the begin of the next one. */
  readonly stride: number
}

/** The settings that a plan is made from. */
export interface PlanSettings {
  readonly mode: TilingMode
  /** Whether images are computed one by one. */
  readonly slicing: boolean
  /** The tiles that were asked for. */
  readonly tiles: LatentTiles
  /** The same for another size of tiles. */
  readonly tilesOf: (size: number) => LatentTiles
  /** The largest map that a single tile covers. */
  readonly covers: (tiles: LatentTiles) => number
}

/** How one call is computed. */
export interface CallPlan {
  /** Images in one piece. */
  readonly batch: number
  /** `undefined`: images are computed whole. */
  readonly tiles: LatentTiles | undefined
  /** The shapes of the pieces, the largest first. */
  readonly shapes: readonly LatentShape[]
  /** Bytes that the pieces need beside the weights, by estimate. */
  readonly pieceBytes: number
}

/** Shape of the latents of a call. */
export type LatentShape = readonly [batch: number, height: number, width: number]

/** Side of the smallest tiles that are chosen because memory is exhausted: smaller ones show in the picture. */
const SMALLEST = 32
/** Side of the largest tiles that are tried first, if the model was trained on smaller pictures. */
const USUAL = 64

/**
 * Plans a call.
 *
 * @param bytesOf bytes that pieces of these shapes need, one after another
 * @param available bytes that may be taken; `undefined` if nobody knows
 */
export function planCall(
  [batch, height, width]: LatentShape,
  settings: PlanSettings,
  bytesOf: (shapes: readonly LatentShape[]) => number,
  available: number | undefined,
): CallPlan {
  const { mode, slicing, tilesOf, covers } = settings
  const plan = (images: number, tiles?: LatentTiles): CallPlan => {
    const shapes = sidesOf(height, tiles).flatMap(rows =>
      sidesOf(width, tiles).map((columns): LatentShape => [images, rows, columns]),
    )
    return { batch: images, tiles, shapes, pieceBytes: bytesOf(shapes) }
  }
  const isLarger = (tiles: LatentTiles) => Math.max(height, width) > covers(tiles)
  const asked = slicing ? 1 : batch
  if (mode === 'always') return plan(asked, isLarger(settings.tiles) ? settings.tiles : undefined)
  const fits = ({ pieceBytes }: CallPlan) => available === undefined || pieceBytes <= available
  // One image after another gives the same numbers, so it is tried first.
  const whole = [plan(asked), plan(1)]
  if (mode === 'never') return whole[0] as CallPlan
  const tiled: CallPlan[] = []
  for (let size = Math.max(settings.tiles.size, USUAL); size >= SMALLEST; size = Math.floor(size / 2)) {
    const tiles = tilesOf(size)
    if (isLarger(tiles)) tiled.push(plan(1, tiles))
  }
  const plans = [...whole, ...tiled]
  return plans.find(fits) ?? (plans.at(-1) as CallPlan)
}

/** The sides of the tiles of a map, each once, the largest first. */
function sidesOf(length: number, tiles: LatentTiles | undefined): number[] {
  if (tiles === undefined) return [length]
  const sides = new Set<number>()
  for (let start = 0; start < length; start += tiles.stride) sides.add(Math.min(tiles.size, length - start))
  return [...sides]
}

/** Says that a call is computed in tiles because of the memory. */
export function tilingMessage(
  name: string,
  { what, tile, needed, available }: { what: string; tile: number; needed: number; available: number },
): string {
  return (
    `${name} computes ${what} in tiles of ${tile} × ${tile} pixels: at once it needs about ${formatBytes(needed)} of memory, and ` +
    `${formatBytes(available)} are free. Tiles change the picture slightly. Call enableTiling() to always use them, or disableTiling() to never do so.`
  )
}
