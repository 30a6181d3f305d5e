/**
 * Layers that compute with weights of 4 bits as they are in memory, on maps that stay channels-last. ONNX Runtime rounds each 64 numbers of an input to 8 bits for the
 * product, and the result is float32. A convolution is a product with the windows of its input.
 */
import { INT4_BLOCK } from '../../../checkpoints/row-scales'
import type { GraphNode, GraphValue } from '../../recorder/graph'
import { conv2dInfo, isPointwise } from '../../recorder/kernels/neural'
import { MICROSOFT, type OnnxBuilder, permute, type QuantizedWeight } from '../onnx-builder'
import { inputOf, type OperatorWriter, outputOf } from './operator-writer'
import { biasOf, TO_ROWS } from './quantized'
import { enlarged, gatherWindows } from './windows'

/** Products of 8 bits: half of the time of those in float32 (level 1) with instructions for integers, and the same without. */
const ACCURACY_LEVEL = 4

/** A product with a weight of 4 bits. */
export interface NBitsProduct {
  /** Name of `[rows, in]`. */
  readonly rows: string
  readonly weight: QuantizedWeight
  readonly bias: string | undefined
  /** Numbers in a row. */
  readonly length: number
  /** Output channels. */
  readonly channels: number
}

/** Writes `rows · weightᵀ + bias`. Returns the name of the result, `[rows, channels]`. */
export function writeNBitsProduct(
  builder: OnnxBuilder,
  { rows, weight, bias, length: K, channels: N }: NBitsProduct,
): string {
  const inputs = [rows, weight.values, weight.scales]
  if (bias !== undefined) inputs.push('', '', bias)
  const attributes = { K, N, bits: 4, block_size: INT4_BLOCK, accuracy_level: ACCURACY_LEVEL }
  return builder.add('MatMulNBits', inputs, attributes, { domain: MICROSOFT })
}

/** The rows of a value of any rank. */
export function rowsOf(builder: OnnxBuilder, value: GraphValue): string {
  return builder.reshape(builder.plain(value), [-1, value.shape.at(-1) as number])
}

function writeProduct(node: GraphNode, builder: OnnxBuilder, rows: string, length: number): void {
  const weight = inputOf(node, 'weight')
  const channels = weight.shape[0] as number
  const layer = { rows, weight: builder.quantized(weight), bias: biasOf(node, builder), length, channels }
  builder.bind(outputOf(node), builder.reshape(writeNBitsProduct(builder, layer), outputOf(node).shape))
}

const linear: OperatorWriter = (node, builder) => {
  const x = inputOf(node, 'x')
  writeProduct(node, builder, rowsOf(builder, x), x.shape.at(-1) as number)
}

const convolution: OperatorWriter = (node, builder) => {
  const [x, weight] = [inputOf(node, 'x'), inputOf(node, 'weight')]
  const info = conv2dInfo(x, { ...weight, shape: permute(weight.shape, TO_ROWS) }, node.attrs)
  if (isPointwise(info)) return writeProduct(node, builder, rowsOf(builder, x), info.inChannels)
  const source = enlarged(x)
  const rows = gatherWindows(builder, { ...source, values: builder.plain(source.map), zero: builder.scalar(0) }, info)
  writeProduct(node, builder, rows, info.filterHeight * info.filterWidth * info.inChannels)
}

/** Writers of the kernels here. */
export const nBitsOperators: Readonly<Record<string, OperatorWriter>> = {
  Conv2DNBits: convolution,
  MatMulNBits: linear,
}
