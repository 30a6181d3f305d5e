/** Quantizes a model that has just been loaded, as its loader was asked to. */
import { UnknownValueError } from '../../src/errors/unknown-value-error'
import { classNameOf } from '../../src/format/class-name'
import type { FromPretrainedOptions } from '../../src/params/component-class'
import { QUANTIZATION_CHOICES, type Quantization, type QuantizationChoice } from '../quantization/quantization-names'
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
 * Quantizes a model on the executor that it has. `auto` leaves it as it is if that does not pay and the weights fit into memory.
 *
 * @param memoryLimit bytes that the weights may take. Default: what is free
 * @throws QuantizationUnavailableError
 */
export async function useQuantization<M extends PretrainedModel>(
  model: M,
  choice: QuantizationChoice | undefined,
  memoryLimit?: number,
): Promise<M> {
  if (choice !== 'auto') return choice === undefined ? model : model.quantize(choice)
  const { executor } = model
  const bytesAs = (quantization: Quantization | undefined) => executor.weightBytes(model, [], quantization)
  return model.quantize(await quantizationThatPays(executor, { bytesAs, limit: memoryLimit }))
}
