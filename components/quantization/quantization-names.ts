/** How the weights of a model may be quantized. */
import type { RowDType } from '../checkpoints/checkpoint'
import type { Parameter } from '../nn/parameter'

/** The kinds of quantization. */
export const QUANTIZATIONS = ['int8', 'int8wo', 'int4'] as const

/**
 * - `int8`: weights of 8 bits with a scale for each output channel, and layers that compute in 8 bits
 * - `int8wo`: the same weights, and layers that compute in float32 (torchao's name: weights only)
 * - `int4`: weights of 4 bits with a scale for each 64, and products that compute in 8 bits; sensitive layers as in `int8wo`
 */
export type Quantization = (typeof QUANTIZATIONS)[number]

/** A kind of quantization, or `auto`: the kind that pays on this machine, if there is one. */
export type QuantizationChoice = Quantization | 'auto'

/** All that may be asked for. */
export const QUANTIZATION_CHOICES = [...QUANTIZATIONS, 'auto'] as const satisfies readonly QuantizationChoice[]

/** The form that each quantized weight has. */
export type WeightForms = ReadonlyMap<Parameter, RowDType>
