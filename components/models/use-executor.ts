/** Lets an executor compute the calls of a model that has just been loaded. */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { nameList } from '../../src/errors/text'
import { classNameOf } from '../../src/format/class-name'
import type { FromPretrainedOptions } from '../../src/params/component-class'
import { floatDType } from '../checkpoints/weight-dtypes'
import type { Executor } from '../executors/executor'
import type { Parameter } from '../nn/parameter'
import type { QuantizationChoice } from '../quantization/quantization-names'
import { storedRows } from '../quantization/stored-rows'
import { likelyForm } from '../quantization/weight-only-rules'
import { isQuantized } from './decoded-weights'
import { warnOfHalfPrecision } from './half-precision'
import type { PretrainedModel } from './pretrained-model'
import { useQuantization } from './use-quantization'

/** What a model is loaded with. */
interface UseExecutorOptions extends Pick<FromPretrainedOptions, 'dtype' | 'memoryLimit' | 'signal'> {
  /** How the weights are quantized where the model computes. Default: not. */
  quantization?: QuantizationChoice | undefined
}

/**
 * Sets the executor, and how it quantizes the weights. Weights that lie quantized in their file are decoded: by an executor that reads weights itself, into a
 * temporary file, unless it quantizes them again. A warning says once what they have become.
 *
 * @throws QuantizationUnavailableError, UnwritableFileError, WeightFileError; the reason of `signal`. The model is disposed then.
 */
export async function useExecutor<M extends PretrainedModel>(
  model: M,
  executor: Executor,
  { dtype, memoryLimit, signal, quantization }: UseExecutorOptions,
): Promise<M> {
  try {
    warnOfHalfPrecision(dtype, executor)
    await useQuantization(model.useExecutor(executor), quantization, memoryLimit)
    const decoded = model
      .parameters()
      .filter(parameter => isQuantized(parameter) && !isComputedAsStored(parameter, model))
    const stored = decoded.flatMap(({ origin }) => origin ?? [])
    const [first] = stored
    if (first === undefined) return model
    const isDecoded = executor.readsWeights && model.quantization === undefined
    if (isDecoded) await model.decodeWeights({ dtype: dtype && floatDType(dtype), signal })
    const types = nameList(new Set(stored.map(({ dtype }) => dtype)))
    const message = `${first.file}: ${classNameOf(model)} decoded its ${types} weights and computes with them as ${formOf(model, isDecoded)}.`
    emitWarningOnce('DECODED_WEIGHTS', message)
    return model
  } catch (error) {
    model.dispose()
    throw error
  }
}

/** Whether a model computes with the integers of a weight's file. */
function isComputedAsStored(parameter: Parameter, { quantization, storedQuantization }: PretrainedModel): boolean {
  if (quantization === undefined) return false
  const { method } = quantization
  // Where the folder was quantized otherwise, or its config lies, the form of a weight tells.
  const isAsStored = method === storedQuantization && !(parameter.origin?.dtype === 'I4_ROWS' && method !== 'int4')
  const form = isAsStored ? undefined : likelyForm(parameter, method)
  return storedRows(parameter, form) !== undefined
}

/** What the weights have become, and where. */
function formOf({ quantization, dtype }: PretrainedModel, isDecoded: boolean): string {
  if (quantization) return `${quantization.method} where layers are quantized, and float32 elsewhere`
  return isDecoded ? `${dtype}, in a temporary file` : 'float32, in memory'
}
