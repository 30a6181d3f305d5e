/** How many bytes the weights of a model take in a session. */
import type { RowDType } from '../../checkpoints/checkpoint'
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
 * @param formOf - tells in which integers a weight is stored; by default in none
 */
export function weightLayout(
  weights: readonly Parameter[],
  limit: number | undefined,
  formOf: (weight: Parameter) => RowDType | undefined = () => undefined,
): WeightLayout {
  const layout = floatLayout(
    weights.filter(weight => formOf(weight) === undefined),
    limit,
  )
  const bytes = weights.reduce((sum, weight) => {
    const form = formOf(weight)
    return form ? sum + quantizedBytes(weight, form) : sum
  }, layout.bytes)
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
