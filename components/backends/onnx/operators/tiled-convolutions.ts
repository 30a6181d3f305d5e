/** Which convolutions of a graph are computed in tiles, and with which weights. */
import type { Parameter } from '../../../nn/parameter'
import { behindTransposes, type Graph, type GraphNode, type GraphValue } from '../../recorder/graph'
import { conv2dInfo } from '../../recorder/kernels/neural'
import type { BuilderOptions, OnnxBuilder } from '../onnx-builder'
import { doubledMap, isPlain3x3 } from './upsampled-convolution'
import { slice } from './winograd-convolution'
import { type MapSizes, paysInTiles } from './winograd-that-pays'

const CONVOLUTIONS = new Set(['Conv2D', 'FusedConv2D'])

/** The sizes of a convolution that tiles make faster: 3×3, of a map as large as its result, that nothing has doubled. `undefined` for any other node. */
export function tiledSizes(
  { kernel, inputs, attrs }: GraphNode,
  { tileConvolutions = false, channelsLast = false }: BuilderOptions,
): MapSizes | undefined {
  // Layers that compute on integers have maps in another order.
  if (!tileConvolutions || channelsLast || !CONVOLUTIONS.has(kernel)) return undefined
  const { x, filter } = inputs as { x: GraphValue; filter: GraphValue }
  const info = conv2dInfo(x, filter, attrs)
  const { batchSize: batch, inHeight: height, inWidth: width, inChannels, outChannels } = info
  const hasGroups = inChannels !== filter.shape[2]
  if (!isPlain3x3(info) || hasGroups || doubledMap(x) !== undefined) return undefined
  const sizes = { batch, height, width, inChannels, outChannels }
  return paysInTiles(sizes) ? sizes : undefined
}

/** The weights of a graph that convolutions in tiles read and transform in each run. */
export function tiledWeights(graph: Graph, options: BuilderOptions): ReadonlySet<Parameter> {
  const tiled = graph.nodes.filter(node => tiledSizes(node, options) !== undefined)
  return new Set(tiled.flatMap(({ inputs }) => storedKernels(inputs.filter as GraphValue)?.parameter ?? []))
}

/** Takes some kernels of a weight: from its file if it is stored, otherwise from its value `[out, in, 3, 3]`. */
export function kernelRows(builder: OnnxBuilder, filter: GraphValue, weight: string) {
  const stored = storedKernels(filter)?.value
  return (begin: number, end: number) =>
    stored ? builder.weightRows(stored, begin, end) : slice(builder, weight, 0, begin, end)
}

/** The weight of a checkpoint, `[out, in, height, width]`, that a filter is. */
function storedKernels(filter: GraphValue): { value: GraphValue; parameter: Parameter } | undefined {
  const value = behindTransposes(filter, ['2,3,1,0'])
  return value?.origin.kind === 'parameter' ? { value, parameter: value.origin.parameter } : undefined
}
