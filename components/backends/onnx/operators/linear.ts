/** Linear layers as they appear in a recording: a product with a weight that is transposed on the way, and a bias. */
import type { InputRounding } from '../../../quantization/quantization-rules'
import { type GraphNode, type GraphValue, isMatrix } from '../../recorder/graph'
import type { OnnxBuilder } from '../onnx-builder'
import { rowsOf, writeNBitsProduct } from './n-bits'
import { inputOf } from './operator-writer'
import { writeQuantizedLinear } from './quantized'

/** The second factor of a product in the order in which it is in its file, and whether that is the other way round. */
export function storedFactor(node: GraphNode): { value: GraphValue; transposed: boolean } {
  let value = inputOf(node, 'b')
  let transposed = Boolean(node.attrs.transposeB)
  // TensorFlow.js brings matrices to rank 3, which moves nothing.
  while (value.origin.kind === 'node') {
    const { kernel, inputs, attrs } = value.origin.node
    const source = inputs.x
    if (source === undefined) break
    const sameMatrix = isMatrix(source) && source.shape.slice(-2).join() === value.shape.slice(-2).join()
    if (kernel === 'Reshape' && sameMatrix) value = source
    else if (kernel === 'Transpose' && (attrs.perm as number[]).join() === '1,0') {
      value = source
      transposed = !transposed
    } else break
  }
  return { value, transposed }
}

/** A linear layer whose output features are cut into parts. */
interface CutLinear {
  /** The kernel that computes with its quantized weight, and how its input is rounded to 8 bits. */
  quantized: { kernel: 'QuantizedMatMul' | 'MatMulNBits'; rounding: InputRounding } | undefined
  rows: GraphValue
  weight: GraphValue
  bias: GraphValue | undefined
}

/**
 * Computes the parts of a linear layer's result one by one, with the rows of its weight that each needs. Cutting the
 * weight costs nothing; cutting the result would move all of it. Returns the names of the parts, or `undefined` where
 * the value is not such a result.
 */
export function splitLinear(
  value: GraphValue,
  axis: number,
  outputs: readonly GraphValue[],
  builder: OnnxBuilder,
): string[] | undefined {
  const linear = axis === value.shape.length - 1 ? linearBehind(value) : undefined
  if (linear === undefined) return undefined
  const { rows, weight, bias, quantized } = linear
  let begin = 0
  return outputs.map(output => {
    const end = begin + (output.shape.at(-1) as number)
    const part: [number, number] = [begin, end]
    begin = end
    const biasRows = () => bias && builder.weightRows(bias, ...part)
    if (quantized) {
      const [ofPart, bias] = [builder.quantized(weight, part), biasRows()]
      if (quantized.kernel === 'QuantizedMatMul')
        return writeQuantizedLinear(builder, { x: rows, weight: ofPart, bias, ...quantized }, output.shape)
      const [length, channels] = [weight.shape[1] as number, part[1] - part[0]]
      const product = { rows: rowsOf(builder, rows), weight: ofPart, bias, length, channels }
      return builder.reshape(writeNBitsProduct(builder, product), output.shape)
    }
    const matrix = builder.reshape(builder.plain(rows), rows.shape.slice(-2))
    const inputs = [matrix, ...[builder.weightRows(weight, ...part), biasRows()].filter(name => name !== undefined)]
    return builder.reshape(builder.add('Gemm', inputs, { transA: 0, transB: 1 }), output.shape)
  })
}

function linearBehind(value: GraphValue): CutLinear | undefined {
  const { origin } = value
  if (origin.kind !== 'node') return undefined
  const { kernel, inputs, attrs } = origin.node
  if (kernel === 'Reshape') {
    const source = inputs.x
    return source && source.shape.at(-1) === value.shape.at(-1) ? linearBehind(source) : undefined
  }
  if (kernel === 'QuantizedMatMul' || kernel === 'MatMulNBits') {
    const [rows, weight] = [inputOf(origin.node, 'x'), inputOf(origin.node, 'weight')]
    const { bias } = inputs
    const quantized = { kernel, rounding: attrs.rounding as InputRounding } as const
    return bias === undefined || isStoredList(bias, value) ? { rows, weight, bias, quantized } : undefined
  }
  const isProduct = kernel === '_FusedMatMul' || kernel === 'BatchMatMul'
  if (!isProduct || (attrs.activation ?? 'linear') !== 'linear' || attrs.transposeA) return undefined
  const rows = inputOf(origin.node, 'a')
  const { value: weight, transposed } = storedFactor(origin.node)
  const { bias } = inputs
  const isStored = weight.origin.kind === 'parameter' && weight.shape.length === 2
  const hasRows = bias === undefined || isStoredList(bias, value)
  return isMatrix(rows) && transposed && isStored && hasRows ? { rows, weight, bias, quantized: undefined } : undefined
}

/** Whether a bias is a weight with one number for each column of a result. */
function isStoredList(bias: GraphValue, result: GraphValue): boolean {
  return bias.origin.kind === 'parameter' && bias.shape.join() === `${result.shape.at(-1)}`
}
