/**
 * Layers that compute in 8 bits, on maps that stay channels-last. An input is rounded to what its own range allows, once for all layers that read it; the
 * product of integers comes back as float32. A convolution is one product: its input's positions are gathered into windows, one row for each position of
 * the result. ONNX Runtime's own quantized convolution would round its result as well, to a range that has to be known in advance.
 */
import type { InputRounding } from '../../../quantization/quantization-rules'
import type { GraphNode, GraphValue } from '../../recorder/graph'
import { conv2dInfo, isPointwise } from '../../recorder/kernels/neural'
import { type OnnxBuilder, permute, type QuantizedWeight, type RoundedValue } from '../onnx-builder'
import { inputOf, type OperatorWriter, outputOf } from './operator-writer'
import { product } from './quantized-product'
import { convolveDoubledInBits } from './quantized-upsampling'
import { doubledMap, isPlain3x3 } from './upsampled-convolution'
import { enlarged, gatherWindows } from './windows'

/** The order that brings a weight `[out, in, height, width]` to `[height, width, in, out]`. */
export const TO_ROWS = [2, 3, 1, 0] as const

export function biasOf(node: GraphNode, builder: OnnxBuilder): string | undefined {
  const { bias } = node.inputs
  return bias && builder.reshape(builder.plain(bias), [-1])
}

/** A linear layer, or some of its output channels. */
interface QuantizedLinear {
  readonly x: GraphValue
  readonly weight: QuantizedWeight
  readonly bias: string | undefined
  readonly rounding: InputRounding
}

/** Writes a linear layer for a result of that shape. Returns the name of the result. */
export function writeQuantizedLinear(
  builder: OnnxBuilder,
  { x, weight, bias, rounding }: QuantizedLinear,
  shape: readonly number[],
): string {
  return builder.reshape(products[rounding](builder, x, weight, bias), shape)
}

/** Writes the product of an input `[…, in]` and a weight `[out, in]`. Returns the name of the result, `[rows, out]`. */
type ProductWriter = (builder: OnnxBuilder, x: GraphValue, weight: QuantizedWeight, bias: string | undefined) => string

const products: Readonly<Record<InputRounding, ProductWriter>> = {
  whole: (builder, x, weight, bias) =>
    product(builder, matrix(builder, x, builder.rounded(x)), columnsOf(builder, weight), bias),
  terms: (builder, x, weight, bias) => {
    const result = products.whole(builder, x, weight, bias)
    const rest = matrix(builder, x, builder.rest(x))
    return builder.add('Add', [result, product(builder, rest, otherColumnsOf(builder, weight), undefined)])
  },
}

/** Transposes a weight `[out, in]` to `[in, out]`. */
function columnsOf(builder: OnnxBuilder, weight: QuantizedWeight): QuantizedWeight {
  return { ...weight, values: builder.transpose(weight.values, [1, 0]) }
}

/**
 * Transposes the weight into a tensor of its own, for a second product. Where products of 8 bits saturate, ONNX Runtime brings their weights to another
 * form, and fails at the second product with the same one. A dimension in front keeps the runtime from finding out that both are equal.
 */
function otherColumnsOf(builder: OnnxBuilder, weight: QuantizedWeight): QuantizedWeight {
  const moved = builder.add('Transpose', [builder.add('Unsqueeze', [weight.values, builder.ints([0])])], {
    perm: [0, 2, 1],
  })
  return { ...weight, values: builder.add('Squeeze', [moved, builder.ints([0])]) }
}

function matrix(builder: OnnxBuilder, { shape }: GraphValue, term: RoundedValue): RoundedValue {
  return { ...term, values: builder.reshape(term.values, [-1, shape.at(-1) as number]) }
}

const linear: OperatorWriter = (node, builder) => {
  const output = outputOf(node)
  const layer = {
    x: inputOf(node, 'x'),
    weight: builder.quantized(inputOf(node, 'weight')),
    bias: biasOf(node, builder),
    rounding: node.attrs.rounding as InputRounding,
  }
  builder.bind(output, writeQuantizedLinear(builder, layer, output.shape))
}

const convolution: OperatorWriter = (node, builder) => {
  const [x, weight] = [inputOf(node, 'x'), inputOf(node, 'weight')]
  const info = conv2dInfo(x, { ...weight, shape: permute(weight.shape, TO_ROWS) }, node.attrs)
  const output = outputOf(node)
  const { values, scales } = builder.quantized(weight)
  const bias = biasOf(node, builder)
  if (isPointwise(info)) {
    const matrix = { values: builder.reshape(values, [info.outChannels, info.inChannels]), scales }
    const rounding = node.attrs.rounding as InputRounding
    builder.bind(output, writeQuantizedLinear(builder, { x, weight: matrix, bias, rounding }, output.shape))
    return
  }
  const images = isPlain3x3(info) ? doubledMap(x) : undefined
  if (images) {
    const layer = { images, weight: { values, scales }, bias, outChannels: info.outChannels }
    builder.bind(output, builder.reshape(convolveDoubledInBits(builder, layer), output.shape))
    return
  }
  const length = info.filterHeight * info.filterWidth * info.inChannels
  const columns = { values: builder.reshape(builder.transpose(values, TO_ROWS), [length, info.outChannels]), scales }
  const source = enlarged(x)
  const rounded = builder.rounded(source.map)
  const windows = gatherWindows(builder, { ...source, ...rounded }, info)
  const result = product(builder, { ...rounded, values: windows }, columns, bias)
  builder.bind(output, builder.reshape(result, output.shape))
}

/** Writers of the kernels here. */
export const quantizedOperators: Readonly<Record<string, OperatorWriter>> = {
  QuantizedConv2D: convolution,
  QuantizedMatMul: linear,
}
