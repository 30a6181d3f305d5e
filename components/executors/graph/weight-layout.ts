/** How many bytes the weights of a model take in a session. */
import type { Parameter } from '../../nn/parameter'
import { quantizedBytes } from '../../quantization/quantized-parameter'

/** Bytes of weights as float32 beyond which a model is large: its weights of half precision may stay as they are, and are widened as they are used. */
const LARGE_WEIGHTS = 2 ** 28

/** The part of a large model's weights that is widened once, if there is room. */
const WIDENED_PART = 1 / 3

/** How weights are in the memory of a session. */
interface WeightLayout {
  readonly bytes: number
  /** Whether they are many. */
  readonly isLarge: boolean
  /** Whether those of half precision stay so. */
  readonly keepHalf: boolean
  /** Bytes of float32 that are spent on widening some of those. */
  readonly widenedBytes: number
}

/**
 * How the weights are in memory.
 *
 * @param limit - bytes of float32 that widening weights once may take; without it, none may stay of half precision
 * @param isQuantized - tells which of them are stored in 8 bits; by default none
 */
export function weightLayout(
  weights: readonly Parameter[],
  limit: number | undefined,
  isQuantized: (weight: Parameter) => boolean = () => false,
): WeightLayout {
  const floats = weights.filter(weight => !isQuantized(weight))
  const layout = floatLayout(floats, limit)
  const bytes = weights.reduce((sum, weight) => sum + (isQuantized(weight) ? quantizedBytes(weight) : 0), layout.bytes)
  return { ...layout, bytes }
}

function floatLayout(weights: readonly Parameter[], limit: number | undefined): WeightLayout {
  const full = weights.reduce((sum, { bytes }) => sum + bytes, 0)
  const stored = weights.reduce((sum, { source, bytes }) => sum + (source ? source.end - source.begin : bytes), 0)
  const isLarge = full > LARGE_WEIGHTS
  if (limit === undefined || !isLarge) return { bytes: full, isLarge, keepHalf: false, widenedBytes: full }
  const widenedBytes = Math.min(limit, full * WIDENED_PART)
  // Weights that are not of half precision are there as they are stored.
  const extraBytes = Math.min(widenedBytes / 2, Math.max(0, full - stored))
  return { bytes: stored + extraBytes, isLarge, keepHalf: true, widenedBytes }
}
