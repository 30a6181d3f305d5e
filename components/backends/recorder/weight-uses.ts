/** How often a graph uses each of its weights. */
import type { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { Graph, GraphValue } from './graph'

/**
 * Returns, for each weight of a graph, to how many vectors of a result it is applied: the rows of a linear layer's input, the positions of a
 * convolution's result. A weight that several kernels use has the sum.
 */
export function weightUses(graph: Graph): ReadonlyMap<Parameter, number> {
  const uses = new Map<Parameter, number>()
  for (const { kernel, inputs, outputs } of graph.nodes) {
    // What only moves a weight does not compute with it.
    if (MOVES.has(kernel)) continue
    const vectors = outputs.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape.slice(0, -1)), 0)
    for (const value of Object.values(inputs)) {
      const parameter = weightBehind(value)
      if (parameter) uses.set(parameter, (uses.get(parameter) ?? 0) + vectors)
    }
  }
  return uses
}

const MOVES = new Set(['Reshape', 'Transpose', 'ExpandDims'])

/** The weight that a value is, if need be in another shape or order. */
function weightBehind({ origin }: GraphValue): Parameter | undefined {
  if (origin.kind === 'parameter') return origin.parameter
  if (origin.kind !== 'node' || !MOVES.has(origin.node.kernel)) return undefined
  return Object.values(origin.node.inputs).map(weightBehind)[0]
}
