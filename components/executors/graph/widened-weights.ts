/**
 * Which weights of half precision a session of a large model widens to float32 once. The others are widened whenever they are used.
 *
 * To widen a weight takes about as long as to multiply it by {@link WIDENING} vectors, however many it is then multiplied by. The
 * runtime also convolves faster with weights that it can bring to its blocked layout, which needs them in float32 from the start.
 * So a convolution's weight gains the more, the larger its maps are; that of a linear layer gains the same at all sizes.
 *
 * A weight is widened once only if it is worth its memory: its share of the time saved must be a twentieth of its share of the
 * memory. Large pictures multiply all weights by many vectors, so that those of linear layers save less. SDXL's UNet multiplies them
 * by 2300 on average at 1024 px, and widens those of convolutions alone.
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

/** Vectors whose product with a weight takes as long as widening it: ten bytes of memory for each element, against two operations. */
const WIDENING = 60

/** The part of a convolution's time that the blocked layout saves: a tenth to a quarter was measured. */
const BLOCKED_LAYOUT = 1 / 6

/** The least share of a run's time that a weight must save, for its share of the model's memory. */
const WORTHWHILE = 1 / 20

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
    return { weight, products: weight.size * vectors, gain: WIDENING + BLOCKED_LAYOUT * convolved }
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
