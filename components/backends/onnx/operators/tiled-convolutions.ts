/** Which convolutions of a graph are computed in tiles, and with which weights. */
import type { Parameter } from '../../../nn/parameter'
import type { Graph, GraphNode, GraphValue } from '../../recorder/graph'
import { conv2dInfo } from '../../recorder/kernels/neural'
import type { BuilderOptions } from '../onnx-builder'
import { doubledMap, isPlain3x3 } from './upsampled-convolution'
import { type MapSizes, paysInTiles } from './winograd-that-pays'

/** Whether a graph is written with convolutions in tiles. Layers that compute on integers have maps in another order. */
export function tilesConvolutions({ tileConvolutions = false, channelsLast = false }: BuilderOptions): boolean {
  return tileConvolutions && !channelsLast
}

/** The weights of a graph that convolutions in tiles read and transform in each run. */
export function tiledWeights(graph: Graph): ReadonlySet<Parameter> {
  const tiled = graph.nodes.filter(node => CONVOLUTIONS.has(node.kernel) && computesInTiles(node))
  return new Set(tiled.flatMap(node => storedKernels(node.inputs.filter as GraphValue)?.parameter ?? []))
}

const CONVOLUTIONS = new Set(['Conv2D', 'FusedConv2D'])

/** The weight of a checkpoint, `[out, in, height, width]`, that a filter is. */
export function storedKernels(filter: GraphValue): { value: GraphValue; parameter: Parameter } | undefined {
  const { origin } = filter
  if (origin.kind !== 'node' || origin.node.kernel !== 'Transpose') return undefined
  if ((origin.node.attrs.perm as number[]).join() !== '2,3,1,0') return undefined
  const value = origin.node.inputs.x
  return value?.origin.kind === 'parameter' ? { value, parameter: value.origin.parameter } : undefined
}

/** Whether a convolution is one that tiles make faster: 3×3, of a map as large as its result, that nothing has doubled. */
export function computesInTiles(node: GraphNode): boolean {
  const { x, filter } = node.inputs as { x: GraphValue; filter: GraphValue }
  const info = conv2dInfo(x, filter, node.attrs)
  const hasGroups = info.inChannels !== filter.shape[2]
  return isPlain3x3(info) && !hasGroups && doubledMap(x) === undefined && paysInTiles(mapSizes(node))
}

/** The sizes that decide it. */
export function mapSizes({ inputs, attrs }: GraphNode): MapSizes {
  const info = conv2dInfo(inputs.x as GraphValue, inputs.filter as GraphValue, attrs)
  const { batchSize, inHeight, inWidth, inChannels, outChannels } = info
  return { batch: batchSize, height: inHeight, width: inWidth, inChannels, outChannels }
}
