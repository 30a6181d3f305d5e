/** How many bytes the weights of a model take in a session. */
import { type Graph, parametersOf } from '../../backends/recorder/graph'
import type { RowDType } from '../../checkpoints/checkpoint'
import type { Parameter } from '../../nn/parameter'
import type { WeightForms } from '../../quantization/quantization-names'
import { quantizedBytes } from '../../quantization/quantized-parameter'
import { mayStayHalf, widenedWeights } from './widened-weights'

/** Bytes of weights as float32 beyond which a model is large: its weights of half precision may stay as they are, and are widened as they are used. */
const LARGE_WEIGHTS = 2 ** 28

/** The part of a large model's weights that is widened once, if there is room. */
const WIDENED_PART = 1 / 3

/** How weights are in the memory of a session, as far as it is known without a graph. */
interface WeightLayout {
  /** At most: a graph for which widening is not worth its memory takes less. */
  readonly bytes: number
  /** Whether they are many. */
  readonly isLarge: boolean
  /** Whether those of half precision stay so. */
  readonly keepHalf: boolean
  /** Bytes of float32 that may be spent on widening some of those. */
  readonly widenedBytes: number
}

/** How the weights of a graph are in the memory of its session. */
interface SessionLayout {
  readonly bytes: number
  readonly isLarge: boolean
  /** Those that stay of half precision. */
  readonly halfWeights: ReadonlySet<Parameter>
}

/**
 * Returns how the weights of a graph are in the memory of its session.
 *
 * @param limit - bytes of float32 that widening weights once may take; without it, none may stay of half precision
 * @param forms - the weights that are stored in integers
 * @param tiled - the weights of convolutions in tiles. They are transformed in each run, so that nothing is gained by widening them
 */
export function sessionLayout(
  graph: Graph,
  limit: number | undefined,
  forms: WeightForms,
  tiled: ReadonlySet<Parameter> = new Set(),
): SessionLayout {
  const weights = parametersOf(graph)
  const { bytes, isLarge, keepHalf, widenedBytes } = weightLayout(weights, limit, weight => forms.get(weight))
  if (!keepHalf) return { bytes, isLarge, halfWeights: new Set() }
  const candidates = new Set(weights.filter(weight => !forms.has(weight) && mayStayHalf(weight)))
  const widened = widenedWeights(graph, widenedBytes, weight => candidates.has(weight) && !tiled.has(weight))
  const unwidened = weightLayout(weights, 0, weight => forms.get(weight)).bytes
  const extraBytes = [...widened].reduce((sum, weight) => sum + weight.bytes - storedBytes(weight), 0)
  return {
    bytes: unwidened + extraBytes,
    isLarge,
    halfWeights: new Set([...candidates].filter(weight => !widened.has(weight))),
  }
}

/**
 * Returns how the weights are in memory.
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
  const stored = weights.reduce((sum, weight) => sum + storedBytes(weight), 0)
  const isLarge = full > LARGE_WEIGHTS
  if (limit === undefined || !isLarge) return { bytes: full, isLarge, keepHalf: false, widenedBytes: full }
  const widenedBytes = Math.min(limit, full * WIDENED_PART)
  // Weights that are not of half precision are there as they are stored.
  const extraBytes = Math.min(widenedBytes / 2, Math.max(0, full - stored))
  return { bytes: stored + extraBytes, isLarge, keepHalf: true, widenedBytes }
}

function storedBytes({ source, bytes }: Parameter): number {
  return source ? source.end - source.begin : bytes
}
