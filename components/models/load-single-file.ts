/** Makes a model from one file that may hold several, without converting it. Counterpart: diffusers loaders/single_file_model.py (from_single_file). */
import { absoluteIfThere, pathOf } from '../../src/files/path-of'
import type { FromSingleFileOptions } from '../../src/params/component-class'
import { yieldToEventLoop } from '../../src/runtime/time-slice'
import { CheckpointView } from '../checkpoints/checkpoint-view'
import { floatDType } from '../checkpoints/weight-dtypes'
import { loadStateDict } from '../nn/load-state-dict'
import { StateDictError } from '../nn/state-dict-error'
import { type ModelFile, modelConfig, openModelFile, requirePart } from '../single-file/component-config'
import { type FilePart, kindLabel, type SingleFileComponent } from '../single-file/file-kind'
import { fileRanges } from '../single-file/file-ranges'
import { mapFileKeys } from '../single-file/map-file-keys'
import { SingleFileError } from '../single-file/single-file-error'
import { type CheckpointLayout, executorFor, type PretrainedClass, warnOfDifferences } from './load-pretrained'
import type { PretrainedModel } from './pretrained-model'
import { useExecutor } from './use-executor'
import { requireKnownQuantization } from './use-quantization'

/** Which model of a file is meant. */
export interface FileComponent extends Pick<CheckpointLayout, 'rename' | 'requiresFinite'> {
  readonly component: SingleFileComponent
}

/** Fewer averaged tensors than this are not a copy of a UNet. */
const FEWEST_AVERAGED = 100

/**
 * Makes a model of a part of a file. Its weights stay ranges of the file where the executor reads them itself or `options.lazy` says so; otherwise they
 * are read one tensor at a time. Quantized weights are decoded, which a warning says once. Warns of tensors that the model does not use. Where anything fails or `options.signal` fires, no tensor is left.
 *
 * @param path a `.safetensors` or `.gguf` file, `org/name/model.safetensors`, or the address of a file on the Hub
 * @throws SingleFileError for a file of another kind, or one that does not hold the model; PickleCheckpointError; SafetensorsError; GGUFError; MissingFileError;
 * UnwritableFileError where quantized weights cannot be decoded;
 * ConfigError; what fetching a repository throws
 */
export async function loadSingleFile<M extends PretrainedModel>(
  modelClass: PretrainedClass<M>,
  wanted: FileComponent,
  path: string | URL,
  options: FromSingleFileOptions = {},
): Promise<M> {
  const { component } = wanted
  const file = await openModelFile(absoluteIfThere(pathOf(path)), options)
  const part = requirePart(file, component)
  options.signal?.throwIfAborted()
  const quantization = requireKnownQuantization(options.quantization, modelClass)
  const executor = await executorFor(options.executor)
  const { config, file: source } = await modelConfig(file, component, options)
  // Models that load together are made one by one.
  await yieldToEventLoop()
  const model = modelClass.fromConfig(config, source)
  const checkpoint = viewOf(model, wanted, part, file, options)
  const { signal, dtype } = options
  const lazy = options.lazy ?? executor.readsWeights
  const { requiresFinite } = wanted
  const how = { signal, lazy, dtype: dtype && floatDType(dtype), requiresFinite }
  const found = await loadStateDict(model, checkpoint, how).catch(error => {
    throw error instanceof StateDictError ? unfit(file, options, error) : error
  })
  warnOfDifferences(model, { ...found, path: checkpoint.path })
  return useExecutor(model, executor, { ...options, quantization })
}

function viewOf(
  model: PretrainedModel,
  { component, rename }: FileComponent,
  part: FilePart,
  { single, kind }: ModelFile,
  { extractEma = false }: FromSingleFileOptions,
): CheckpointView {
  const shapes = new Map([...model.namedParameters()].map(([name, { shape }]) => [name, shape]))
  const isAveraged = component === 'unet' && extractEma
  if (isAveraged && averagedCount(single.tensors.keys()) <= FEWEST_AVERAGED) {
    const detail = `it was recognised as ${kindLabel(kind)}, and holds no averaged weights (EMA). Leave out extractEma.`
    throw new SingleFileError(single.file, 'missing-component', detail)
  }
  const keys = mapFileKeys({ component, config: model.config, shapes, rename }, part, single.tensors, isAveraged)
  return new CheckpointView(single.file, fileRanges(single.file, single.tensors, keys))
}

function averagedCount(keys: Iterable<string>): number {
  return [...keys].filter(key => key.startsWith('model_ema.')).length
}

/** The file is of a family, by some of its keys, but the rest does not fit. */
function unfit({ single, kind }: ModelFile, { config }: FromSingleFileOptions, cause: StateDictError): SingleFileError {
  const family = kindLabel(kind)
  const advice =
    config === undefined
      ? `Its sizes are not those of ${family}: pass { config: FOLDER } with the configs of this model.`
      : 'The configs that were passed are those of another model.'
  return new SingleFileError(
    single.file,
    'other-sizes',
    `it was recognised as ${family}. ${advice} ${cause.message}`,
    cause,
  )
}
