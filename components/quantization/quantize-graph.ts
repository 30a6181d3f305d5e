/** Rewrites a recorded model so that its large layers compute in 8 bits. What the model is written in knows nothing of it. */
import { type Graph, type GraphNode, type GraphValue, withoutUnused } from '../backends/recorder/graph'
import type { Parameter } from '../nn/parameter'
import { type QuantizableLayer, quantizableLayers } from './quantization-rules'

/** A graph with quantized layers. */
export interface QuantizedGraph {
  readonly graph: Graph
  /** The weights that are to be stored in 8 bits. */
  readonly weights: ReadonlySet<Parameter>
}

/**
 * Replaces each layer that pays by its kernel of 8 bits, `QuantizedConv2D` or `QuantizedMatMul`. These take the weight as checkpoints have it, with one output
 * channel in each row: `[out, in, height, width]` or `[out, in]`.
 *
 * @param own the weights of the model itself: those of hooks stay as they are
 */
export function quantizeGraph(graph: Graph, own: ReadonlySet<Parameter>): QuantizedGraph {
  const layers = quantizableLayers(graph, own)
  const rewritten = rewriteNodes(graph, node => quantizedNode(node, layers.get(node)))
  return { graph: withoutUnused(rewritten), weights: new Set([...layers.values()].map(({ parameter }) => parameter)) }
}

/** What a node becomes. */
type NodeForm = Pick<GraphNode, 'kernel' | 'inputs' | 'attrs'>

function quantizedNode(node: GraphNode, layer: QuantizableLayer | undefined): NodeForm {
  if (layer === undefined) return node
  const { input: x, weight, rounding } = layer
  const inputs = { x, weight, ...(node.inputs.bias && { bias: node.inputs.bias }) }
  const kernel = layer.kind === 'convolution' ? 'QuantizedConv2D' : 'QuantizedMatMul'
  return { kernel, inputs, attrs: { ...node.attrs, rounding } }
}

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
