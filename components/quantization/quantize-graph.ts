/** Rewrites a recorded model so that its large layers compute with quantized weights. What the model is written in knows nothing of it. */
import { type Graph, type GraphNode, type GraphValue, withoutUnused } from '../backends/recorder/graph'
import type { Parameter } from '../nn/parameter'
import type { Quantization, WeightForms } from './quantization-names'
import { quantizableLayers, type WeightLayer } from './quantization-rules'
import { weightOnlyLayers } from './weight-only-rules'

/** A graph with quantized layers. */
export interface QuantizedGraph {
  readonly graph: Graph
  /** The weights that are to be stored in integers. */
  readonly weights: WeightForms
}

/**
 * Replaces layers by kernels that take the weight as checkpoints have it, with one output channel in each row, `[out, in, height, width]` or `[out, in]`:
 *
 * - `int8`: `QuantizedConv2D` and `QuantizedMatMul`, which compute in 8 bits
 * - `int4`: `Conv2DNBits` and `MatMulNBits`
 *
 * All other quantized weights are decoded where they are used.
 *
 * @param own the weights of the model itself: those of hooks stay as they are
 */
export function quantizeGraph(graph: Graph, own: ReadonlySet<Parameter>, quantization: Quantization): QuantizedGraph {
  if (quantization !== 'int8') {
    const { layers, forms } = weightOnlyLayers(graph, own, quantization)
    return { graph: replaceLayers(graph, layers, ['Conv2DNBits', 'MatMulNBits']), weights: forms }
  }
  const layers = quantizableLayers(graph, own)
  const weights = new Map([...layers.values()].map(({ parameter }) => [parameter, 'I8_ROWS'] as const))
  return { graph: replaceLayers(graph, layers, ['QuantizedConv2D', 'QuantizedMatMul']), weights }
}

function replaceLayers(
  graph: Graph,
  layers: ReadonlyMap<GraphNode, WeightLayer>,
  [convolution, product]: readonly [string, string],
): Graph {
  const rewritten = rewriteNodes(graph, node => {
    const layer = layers.get(node)
    if (layer === undefined) return node
    const { kind, input: x, weight, rounding } = layer
    const inputs = { x, weight, ...(node.inputs.bias && { bias: node.inputs.bias }) }
    return { kernel: kind === 'convolution' ? convolution : product, inputs, attrs: { ...node.attrs, rounding } }
  })
  return withoutUnused(rewritten)
}

/** What a node becomes. */
type NodeForm = Pick<GraphNode, 'kernel' | 'inputs' | 'attrs'>

/** Makes a graph of other nodes in the same order, whose results have the same shapes. */
function rewriteNodes(graph: Graph, rewrite: (node: GraphNode) => NodeForm): Graph {
  const replaced = new Map<GraphValue, GraphValue>()
  const current = (value: GraphValue) => replaced.get(value) ?? value
  const nodes = graph.nodes.map(old => {
    const { kernel, inputs, attrs } = rewrite(old)
    const outputs: GraphValue[] = []
    const renamed = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, current(value)]))
    const node: GraphNode = { kernel, layer: old.layer, inputs: renamed, attrs, outputs }
    old.outputs.forEach((output, index) => {
      const { shape, dtype } = output
      const made: GraphValue = { shape, dtype, origin: { kind: 'node', node, index } }
      outputs.push(made)
      replaced.set(output, made)
    })
    return node
  })
  return { ...graph, nodes, outputs: graph.outputs.map(({ name, value }) => ({ name, value: current(value) })) }
}
