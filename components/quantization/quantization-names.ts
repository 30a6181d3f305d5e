/** How the weights of a model may be quantized. */

/** The kinds of quantization. */
export const QUANTIZATIONS = ['int8'] as const

/** `int8`: weights of 8 bits with a scale for each output channel, and products that compute in 8 bits. */
export type Quantization = (typeof QUANTIZATIONS)[number]

/** A kind of quantization, or `auto`: the kind that pays on this machine, if there is one. */
export type QuantizationChoice = Quantization | 'auto'

/** All that may be asked for. */
export const QUANTIZATION_CHOICES = [...QUANTIZATIONS, 'auto'] as const satisfies readonly QuantizationChoice[]
