/** For which sizes of maps tiles are faster than a direct convolution. */
import { POINTS, TILE } from './winograd-matrices'

/** Sizes of a 3×3 convolution whose result is as large as its input. */
export interface MapSizes {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly inChannels: number
  readonly outChannels: number
}

/** What takes as long as so many multiplications of a direct convolution, as measured with AVX2. */
const COST = {
  /** One input channel and one output channel at a position: 36 products for 16 positions, somewhat less regular than those of a convolution. */
  product: 2.7,
  /** The transform of an input, without {@link columnCost}. Most of it is moving numbers. */
  input: 340,
  /** The transform of products to a result, without {@link columnCost}. */
  result: 140,
  /** The transform of one 3×3 kernel, and reading its points. */
  kernel: 1300,
} as const

/**
 * How many times as fast as the direct convolution it must be by these costs. Processors with wider vectors multiply faster, but move numbers hardly
 * faster: there, less is left of the gain.
 */
const LEAST_GAIN = 1.5

/** Whether tiles are faster than the direct convolution. */
export function paysInTiles({ batch, height, width, inChannels, outChannels }: MapSizes): boolean {
  const positions = batch * height * width
  const tiled = batch * roundUp(height) * roundUp(width)
  const columns = columnCost(width)
  const direct = 9 * positions * inChannels * outChannels
  const inTiles =
    tiled *
      (COST.product * inChannels * outChannels +
        (COST.input + columns) * inChannels +
        (COST.result + columns) * outChannels) +
    COST.kernel * inChannels * outChannels
  return direct >= LEAST_GAIN * inTiles
}

/** What the matrices that transform columns cost for each input or result: they have as many columns as the map. */
function columnCost(width: number): number {
  return (POINTS / TILE) ** 2 * width
}

function roundUp(length: number): number {
  return Math.ceil(length / TILE) * TILE
}
