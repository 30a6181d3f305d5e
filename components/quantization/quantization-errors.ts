/** Models that cannot be quantized. */
import { ModularError } from '../../src/errors/modular-error'

/** A weight holds numbers that are not finite, which no scale can stand for. */
export class UnquantizableWeightError extends ModularError {
  override readonly code = 'UNQUANTIZABLE_WEIGHT'

  constructor(
    /** Class of the model. */
    readonly model: string,
    /** Name of the weight. */
    readonly weight: string,
  ) {
    super(
      `${model}: the weight ${weight} holds NaN or infinity and cannot be quantized. Load the model without quantization, or repair its checkpoint.`,
    )
  }
}

/** No layer of a model is of those that compute in 8 bits. */
export class UnquantizableModelError extends ModularError {
  override readonly code = 'UNQUANTIZABLE_MODEL'

  constructor(
    /** Class of the model. */
    readonly model: string,
  ) {
    super(
      `${model}: no layer can compute in 8 bits, so there is nothing to quantize. Save the model without quantization.`,
    )
  }
}

/** What computes a model does not compute with quantized weights. */
export class QuantizationUnavailableError extends ModularError {
  override readonly code = 'QUANTIZATION_UNAVAILABLE'

  constructor(
    /** Class of the model. */
    readonly model: string,
    /** What was asked for. */
    readonly quantization: string,
    /** What computes: a backend of TensorFlow.js, or ONNX Runtime with its provider. */
    readonly backend: string,
  ) {
    super(
      `${model}: "${quantization}" cannot be computed on ${backend}. Quantized models need ONNX Runtime's CPU provider: ` +
        'pass executor "graph" with provider "cpu" (--executor graph --provider cpu), or leave the quantization out.',
    )
  }
}
