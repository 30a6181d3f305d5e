/** Quantizes a model that has just been loaded, as its loader was asked to. */
import { UnknownValueError } from '../../src/errors/unknown-value-error'
import { classNameOf } from '../../src/format/class-name'
import type { FromPretrainedOptions } from '../../src/params/component-class'
import { QUANTIZATION_CHOICES, type QuantizationChoice } from '../quantization/quantization-names'
import { quantizationThatPays } from '../quantization/quantization-that-pays'
import type { PretrainedModel } from './pretrained-model'

/** Makes sure that a quantization exists, before anything is read for it. @throws UnknownValueError */
export function requireKnownQuantization(
  quantization: FromPretrainedOptions['quantization'],
  modelClass: { readonly name: string },
): QuantizationChoice | undefined {
  const known = QUANTIZATION_CHOICES.find(name => name === quantization)
  if (quantization === undefined || known !== undefined) return known
  throw new UnknownValueError(classNameOf(modelClass), quantization, QUANTIZATION_CHOICES, 'quantization')
}

/**
 * Quantizes a model on the executor that it has. `auto` leaves it as it is if that does not pay.
 *
 * @throws QuantizationUnavailableError
 */
export async function useQuantization<M extends PretrainedModel>(
  model: M,
  choice: QuantizationChoice | undefined,
): Promise<M> {
  if (choice === undefined) return model
  return model.quantize(choice === 'auto' ? await quantizationThatPays(model.executor, model.memoryFootprint) : choice)
}
