/**
 * Which weights of half precision a session of a large model widens to float32 once. The others are widened whenever they are used.
 *
 * To widen a weight takes about as long as to multiply it by {@link WIDENING} vectors, however many it is then multiplied by. The
 * runtime also computes faster with weights that it knows in float32 from the start, because it brings them to a layout of its own.
 * So a weight gains the more, the more vectors it is multiplied by, and that of a convolution gains most.
 *
 * A weight is widened once only if it is worth its memory: its share of the time saved must be an eighth of its share of the memory.
 * At 1024 px, SDXL's UNet widens its direct convolutions and the linear layers of its larger maps. Most of its weights belong to the
 * other linear layers, and would save a tenth.
 */
import type { Graph } from '../../backends/recorder/graph'
import { weightUses } from '../../backends/recorder/weight-uses'
import { isHalfDType } from '../../checkpoints/weight-dtypes'
import type { Parameter } from '../../nn/parameter'

/** Elements of a weight below which it is always widened. */
const SMALL_WEIGHT = 65536

/** Whether a weight is one of half precision that is large enough to stay so. */
export function mayStayHalf({ source, size }: Parameter): boolean {
  return source !== undefined && isHalfDType(source.dtype) && size >= SMALL_WEIGHT
}

/** Vectors whose product with a weight takes as long as widening it. */
const WIDENING = 20

/** The part of a linear layer's time that the runtime's layout of its weight saves. */
const PACKED_LAYOUT = 1 / 10

/** The part of a convolution's time that the runtime's layout of its weight saves. */
const BLOCKED_LAYOUT = 1 / 6

/** The least share of a run's time that a weight must save, for its share of the model's memory. */
const WORTHWHILE = 1 / 8

/**
 * Returns the weights that are widened once: those that gain most for their size. Of equal ones, the largest come first.
 *
 * @param limit - bytes of float32 that they may take
 * @param isCandidate - tells which weights could stay of half precision
 */
export function widenedWeights(
  graph: Graph,
  limit: number,
  isCandidate: (weight: Parameter) => boolean,
): ReadonlySet<Parameter> {
  const uses = [...weightUses(graph)].map(([weight, { vectors, convolved }]) => {
    const gain = WIDENING + BLOCKED_LAYOUT * convolved + PACKED_LAYOUT * (vectors - convolved)
    return { weight, products: weight.size * vectors, gain }
  })
  const products = uses.reduce((sum, use) => sum + use.products, 0)
  const elements = uses.reduce((sum, { weight }) => sum + weight.size, 0)
  const candidates = uses.filter(({ weight, gain }) => gain * elements >= WORTHWHILE * products && isCandidate(weight))
  const widened = new Set<Parameter>()
  let left = limit
  for (const { weight } of candidates.sort((a, b) => b.gain - a.gain || b.weight.size - a.weight.size)) {
    if (weight.bytes > left) continue
    left -= weight.bytes
    widened.add(weight)
  }
  return widened
}
