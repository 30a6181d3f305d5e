/**
 * Layers that compute in 8 bits, on maps that stay channels-last. An input is rounded to what its own range allows, once for all layers that read it; the
 * product of integers comes back as float32. A convolution is one product: its input's positions are gathered into windows, one row for each position of
 * the result. ONNX Runtime's own quantized convolution would round its result as well, to a range that has to be known in advance.
 */
import type { GraphNode, GraphValue } from '../../recorder/graph'
import { conv2dInfo } from '../../recorder/kernels/neural'
import { MICROSOFT, type OnnxBuilder, permute, type QuantizedWeight, type RoundedValue } from '../onnx-builder'
import { inputOf, type OperatorWriter, outputOf } from './operator-writer'
import { windowPlaces } from './windows'

/** The order that brings a weight `[out, in, height, width]` to `[height, width, in, out]`. */
const TO_ROWS = [2, 3, 1, 0] as const

/** Writes `rows · weightᵀ + bias` for rounded rows `[rows, in]` and a weight `[in, out]`. Returns the name of the result. */
function product(builder: OnnxBuilder, rows: RoundedValue, weight: QuantizedWeight, bias: string | undefined): string {
  const inputs = [rows.values, weight.values, rows.scale, weight.scales, rows.zero, '']
  if (bias !== undefined) inputs.push(bias)
  return builder.add('MatMulIntegerToFloat', inputs, {}, { domain: MICROSOFT })
}

function biasOf(node: GraphNode, builder: OnnxBuilder): string | undefined {
  const { bias } = node.inputs
  return bias && builder.reshape(builder.plain(bias), [-1])
}

/** A linear layer, or some of its output channels. */
interface QuantizedLinear {
  readonly x: GraphValue
  readonly weight: QuantizedWeight
  readonly bias: string | undefined
  /** Whether the input has two terms of 8 bits. */
  readonly isPrecise: boolean
}

/** Writes a linear layer for a result of that shape. Returns the name of the result. */
export function writeQuantizedLinear(
  builder: OnnxBuilder,
  { x, weight, bias, isPrecise }: QuantizedLinear,
  shape: readonly number[],
): string {
  const columns = { ...weight, values: builder.transpose(weight.values, [1, 0]) }
  const matrix = (term: RoundedValue) => ({
    ...term,
    values: builder.reshape(term.values, [-1, x.shape.at(-1) as number]),
  })
  const result = product(builder, matrix(builder.rounded(x)), columns, bias)
  if (!isPrecise) return builder.reshape(result, shape)
  const rest = product(builder, matrix(builder.rest(x)), columns, undefined)
  return builder.reshape(builder.add('Add', [result, rest]), shape)
}

const linear: OperatorWriter = (node, builder) => {
  const output = outputOf(node)
  const layer = {
    x: inputOf(node, 'x'),
    weight: builder.quantized(inputOf(node, 'weight')),
    bias: biasOf(node, builder),
    isPrecise: Boolean(node.attrs.isPrecise),
  }
  builder.bind(output, writeQuantizedLinear(builder, layer, output.shape))
}

const convolution: OperatorWriter = (node, builder) => {
  const [x, weight] = [inputOf(node, 'x'), inputOf(node, 'weight')]
  const info = conv2dInfo(x, { ...weight, shape: permute(weight.shape, TO_ROWS) }, node.attrs)
  if (isPointwise(info)) {
    const { values, scales } = builder.quantized(weight)
    const matrix = { values: builder.reshape(values, [info.outChannels, info.inChannels]), scales }
    const layer = { x, weight: matrix, bias: biasOf(node, builder), isPrecise: Boolean(node.attrs.isPrecise) }
    builder.bind(outputOf(node), writeQuantizedLinear(builder, layer, outputOf(node).shape))
    return
  }
  const { values, scales } = builder.quantized(weight)
  const length = info.filterHeight * info.filterWidth * info.inChannels
  const columns = builder.reshape(builder.transpose(values, TO_ROWS), [length, info.outChannels])
  const rows = windows(builder, x, info)
  const result = product(builder, rows, { values: columns, scales }, biasOf(node, builder))
  builder.bind(outputOf(node), builder.reshape(result, outputOf(node).shape))
}

/** Whether a convolution is a product of each position with the weight. */
function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth, padInfo }: ReturnType<typeof conv2dInfo>) {
  const { top, bottom, left, right } = padInfo
  const sizes = [filterHeight, filterWidth, strideHeight, strideWidth]
  return sizes.every(size => size === 1) && top + bottom + left + right === 0
}

/** The windows of a map that a convolution sees: `[positions of the result, height · width · channels]`. */
function windows(builder: OnnxBuilder, x: GraphValue, info: ReturnType<typeof conv2dInfo>): RoundedValue {
  const { source, factor } = enlarged(x)
  const [batch = 1, height = 1, width = 1, channels = 1] = source.shape
  const { values, scale, zero } = builder.rounded(source)
  const positions = builder.reshape(values, [batch * height * width, channels])
  const places = windowPlaces(info, { height, width, factor })
  const window = info.filterHeight * info.filterWidth
  const shape = [places.length / window, window]
  // Behind the last position lies one of zeros, for all that is outside of the map.
  const outside = builder.add('Expand', [builder.reshape(zero, [1, 1]), builder.ints([1, channels])])
  const padded = builder.add('Concat', [positions, outside], { axis: 0 })
  const gathered = builder.add('Gather', [padded, builder.shared(places, shape)], { axis: 0 })
  return { values: builder.reshape(gathered, [places.length / window, window * channels]), scale, zero }
}

/** The map that nearest-neighbour upsampling has enlarged by whole factors: a window takes from it what it would find in the large one. */
function enlarged(x: GraphValue): { source: GraphValue; factor: readonly [number, number] } {
  const none = { source: x, factor: [1, 1] as const }
  if (x.origin.kind !== 'node' || x.origin.node.kernel !== 'ResizeNearestNeighbor') return none
  const { inputs, attrs } = x.origin.node
  const source = inputs.images as GraphValue
  const factor = [1, 2].map(axis => (x.shape[axis] as number) / (source.shape[axis] as number)) as [number, number]
  const isWhole = factor.every(Number.isInteger) && !attrs.alignCorners && !attrs.halfPixelCenters
  return isWhole && source.dtype === 'float32' ? { source, factor } : none
}

/** Writers of the kernels here. */
export const quantizedOperators: Readonly<Record<string, OperatorWriter>> = {
  QuantizedConv2D: convolution,
  QuantizedMatMul: linear,
}
