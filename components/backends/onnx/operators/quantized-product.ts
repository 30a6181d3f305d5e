/** The product of integers that quantized layers are made of. */
import { MICROSOFT, type OnnxBuilder, type QuantizedWeight, type RoundedValue } from '../onnx-builder'

/** Writes `rows · weightᵀ + bias` for rounded rows `[rows, in]` and a weight `[in, out]`. Returns the name of the result. */
export function product(
  builder: OnnxBuilder,
  rows: RoundedValue,
  weight: QuantizedWeight,
  bias: string | undefined,
): string {
  const inputs = [rows.values, weight.values, rows.scale, weight.scales, rows.zero, '']
  if (bias !== undefined) inputs.push(bias)
  return builder.add('MatMulIntegerToFloat', inputs, {}, { domain: MICROSOFT })
}
