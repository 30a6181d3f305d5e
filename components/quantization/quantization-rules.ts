/**
 * Which layers of a model compute in 8 bits. All others stay as they are:
 *
 * - weights of hooks, such as those of a LoRA: they add to what the quantized layer computes, with their full precision;
 * - narrow layers: the first and the last of a network, which read and write latents or pixels;
 * - layers of one vector for each sample: those of a time embedding or a pooled text. They cost little, and set the scale of whole maps;
 * - convolutions of groups, depthwise ones, those behind which an activation is fused, and those whose windows take much memory;
 * - weights that something else computes with too.
 *
 * Layers that see one position at a time round inputs with far outliers in two terms of 8 bits. The second holds what rounding to the first
 * has lost. Such inputs are products, as in the second half of a gated feed-forward part, and joined maps, as in shortcuts around the blocks
 * of a U-Net. A scale for each row would cost half as much, but its pictures are worse: outliers of trained models fill whole channels.
 */
import {
  behindReshapes,
  behindTransposes,
  type Graph,
  type GraphNode,
  type GraphValue,
  isMatrix,
} from '../backends/recorder/graph'
import { conv2dInfo, isPointwise } from '../backends/recorder/kernels/neural'
import type { Parameter } from '../nn/parameter'
import * as tf from '../tensors/tf'

/** Channels that a layer must have on both sides. */
const LEAST_CHANNELS = 32

/** Bytes that the windows of a convolution's input may take. */
const MOST_WINDOW_BYTES = 2 ** 28

/** A layer whose weight can be quantized: its input, and its weight in the form that checkpoints have. */
export interface WeightLayer {
  readonly kind: 'convolution' | 'product'
  readonly input: GraphValue
  readonly weight: GraphValue
  readonly parameter: Parameter
  /** Whether it is a plain product, or one of each window of a map: with a bias for each output channel, and nothing else. */
  readonly isPlain: boolean
  /** Whether its input is one vector for each sample. */
  readonly isOfVectors: boolean
  /** Numbers in the windows of a convolution's input. */
  readonly windowSize: number
  /** How its input is rounded if it computes in 8 bits. */
  readonly rounding: InputRounding
}

/** How an input is rounded to 8 bits: by one scale, or in two terms. */
export type InputRounding = 'whole' | 'terms'

/** How results of kernels that have far outliers are rounded. */
const ROUNDINGS: Readonly<Record<string, InputRounding>> = { Multiply: 'terms', Concat: 'terms' }

/** Whether a weight has the form of those that are quantized; whether it is depends on the layer. */
export function isQuantizableWeight({ shape }: Parameter): boolean {
  const [out = 0, into = 0] = shape
  return (shape.length === 2 || shape.length === 4) && Math.min(out, into) >= LEAST_CHANNELS
}

/** Finds the layers of a graph that compute in 8 bits. @param own the weights of the model itself */
export function quantizableLayers(graph: Graph, own: ReadonlySet<Parameter>): ReadonlyMap<GraphNode, WeightLayer> {
  const computesInBits = ({ isPlain, isOfVectors, windowSize }: WeightLayer) =>
    isPlain && !isOfVectors && windowSize <= MOST_WINDOW_BYTES
  return weightLayers(graph, own, computesInBits)
}

/**
 * Finds layers whose weights nothing else computes with.
 *
 * @param own the weights of the model itself
 * @param isMeant tells which layers are wanted
 */
export function weightLayers(
  graph: Graph,
  own: ReadonlySet<Parameter>,
  isMeant: (layer: WeightLayer) => boolean,
): ReadonlyMap<GraphNode, WeightLayer> {
  const found = new Map<GraphNode, WeightLayer>()
  for (const node of graph.nodes) {
    const layer = layerOf(node)
    if (layer && own.has(layer.parameter) && isMeant(layer)) found.set(node, layer)
  }
  const shared = usedOtherwise(graph, found)
  for (const [node, { parameter }] of found) if (shared.has(parameter)) found.delete(node)
  return found
}

function layerOf(node: GraphNode): WeightLayer | undefined {
  if (node.kernel === 'Conv2D' || node.kernel === 'FusedConv2D') return convolutionOf(node)
  if (node.kernel === '_FusedMatMul' || node.kernel === 'BatchMatMul') return productOf(node)
  return undefined
}

function isLinear({ attrs }: GraphNode): boolean {
  return (attrs.activation ?? 'linear') === 'linear'
}

function convolutionOf(node: GraphNode): WeightLayer | undefined {
  const { x, filter, bias } = node.inputs as Record<'x' | 'filter', GraphValue> & { bias?: GraphValue }
  const weight = behindTransposes(filter, ['2,3,1,0'])
  if (weight?.origin.kind !== 'parameter' || !isQuantizableWeight(weight.origin.parameter)) return undefined
  const info = conv2dInfo(x, filter, node.attrs)
  const positions = info.batchSize * info.outHeight * info.outWidth
  const isUngrouped = info.inChannels === filter.shape[2] && info.dilationHeight === 1 && info.dilationWidth === 1
  return {
    kind: 'convolution',
    input: x,
    weight,
    parameter: weight.origin.parameter,
    isPlain: isLinear(node) && isUngrouped && isListFor(bias, info.outChannels),
    isOfVectors: false,
    windowSize: positions * info.filterHeight * info.filterWidth * info.inChannels,
    rounding: isPointwise(info) ? roundingOf(x) : 'whole',
  }
}

function productOf(node: GraphNode): WeightLayer | undefined {
  const { a, b, bias } = node.inputs as Record<'a' | 'b', GraphValue> & { bias?: GraphValue }
  if (node.attrs.transposeA || node.attrs.transposeB) return undefined
  const weight = behindTransposes(b, ['1,0'])
  if (weight?.origin.kind !== 'parameter' || !isQuantizableWeight(weight.origin.parameter)) return undefined
  return {
    kind: 'product',
    input: a,
    weight,
    parameter: weight.origin.parameter,
    isPlain: isLinear(node) && isMatrix(a) && isListFor(bias, weight.shape[0] as number),
    isOfVectors: behindReshapes(a).shape.length < 3,
    windowSize: 0,
    rounding: roundingOf(a),
  }
}

/** Whether there is no bias, or one with a number for each output channel. */
function isListFor(bias: GraphValue | undefined, channels: number): boolean {
  return bias === undefined || tf.util.sizeFromShape([...bias.shape]) === channels
}

function roundingOf(value: GraphValue): InputRounding {
  const { origin } = behindReshapes(value)
  return (origin.kind === 'node' && ROUNDINGS[origin.node.kernel]) || 'whole'
}

/** Weights that reach something else than the layers. */
function usedOtherwise(graph: Graph, layers: ReadonlyMap<GraphNode, WeightLayer>): ReadonlySet<Parameter> {
  const weightInput = { convolution: 'filter', product: 'b' } as const
  const reached = new Set<GraphValue>(graph.outputs.map(({ value }) => value))
  const others = new Set<Parameter>()
  for (const node of graph.nodes.toReversed()) {
    if (!layers.has(node) && !node.outputs.some(output => reached.has(output))) continue
    const layer = layers.get(node)
    for (const [name, value] of Object.entries(node.inputs)) {
      if (layer && name === weightInput[layer.kind]) continue
      reached.add(value)
      if (value.origin.kind === 'parameter') others.add(value.origin.parameter)
    }
  }
  return others
}
