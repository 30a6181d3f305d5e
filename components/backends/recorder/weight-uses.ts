/** How often a graph uses each of its weights. */
import type { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { Graph, GraphValue } from './graph'

/** To how many vectors of results a weight is applied: the rows of a linear layer's input, the positions of a convolution's result. */
export interface WeightUse {
  /** In all kernels that use it. */
  readonly vectors: number
  /** In convolutions alone. */
  readonly convolved: number
}

/** Returns the uses of each weight of a graph. A weight that several kernels use has the sum. */
export function weightUses(graph: Graph): ReadonlyMap<Parameter, WeightUse> {
  const uses = new Map<Parameter, WeightUse>()
  for (const { kernel, inputs, outputs } of graph.nodes) {
    // What only moves a weight does not compute with it.
    if (MOVES.has(kernel)) continue
    const vectors = outputs.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape.slice(0, -1)), 0)
    const convolved = CONVOLUTIONS.has(kernel) ? vectors : 0
    for (const value of Object.values(inputs)) {
      const parameter = weightBehind(value)
      if (parameter === undefined) continue
      const others = uses.get(parameter)
      uses.set(parameter, {
        vectors: (others?.vectors ?? 0) + vectors,
        convolved: (others?.convolved ?? 0) + convolved,
      })
    }
  }
  return uses
}

const MOVES = new Set(['Reshape', 'Transpose', 'ExpandDims'])

const CONVOLUTIONS = new Set(['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D'])

/** The weight that a value is, if need be in another shape or order. */
function weightBehind({ origin }: GraphValue): Parameter | undefined {
  if (origin.kind === 'parameter') return origin.parameter
  if (origin.kind !== 'node' || !MOVES.has(origin.node.kernel)) return undefined
  return Object.values(origin.node.inputs).map(weightBehind)[0]
}
