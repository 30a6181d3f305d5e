/** Makes a model from a folder with its config and weights. Counterpart: models/modeling_utils.py (from_pretrained). */

import { join } from 'node:path'
import { emitWarning } from '../../src/errors/emit-warning'
import { FolderChangedError } from '../../src/errors/folder-changed-error'
import { kindOf, shownNames } from '../../src/errors/text'
import { absolutePath } from '../../src/files/absolute-path'
import { readUnchanged } from '../../src/files/folder-stamp'
import { absoluteIfThere, pathOf } from '../../src/files/path-of'
import { classNameOf } from '../../src/format/class-name'
import { resolveRepository } from '../../src/hub/repository-resolver'
import type { FromPretrainedOptions } from '../../src/params/component-class'
import { yieldToEventLoop } from '../../src/runtime/time-slice'
import type { Checkpoint } from '../checkpoints/checkpoint'
import { openCheckpoint } from '../checkpoints/open-checkpoint'
import { withRowScales } from '../checkpoints/row-scales'
import { floatDType } from '../checkpoints/weight-dtypes'
import type { WeightNameOptions } from '../checkpoints/weight-names'
import { ComponentClassError } from '../configs/component-class-error'
import { ConfigError } from '../configs/config-error'
import { InvalidConfigError } from '../configs/invalid-config-error'
import type { RawConfig } from '../configs/parse-config'
import { readConfig } from '../configs/read-config'
import type { Executor } from '../executors/executor'
import { type SelectExecutorOptions, selectExecutor } from '../executors/select-executor'
import { type LoadedStateDict, type LoadStateDictOptions, loadStateDict } from '../nn/load-state-dict'
import { StateDictError } from '../nn/state-dict-error'
import type { Quantization } from '../quantization/quantization-names'
import { isQuantized } from './decoded-weights'
import type { PretrainedModel } from './pretrained-model'
import { readQuantization } from './quantized-checkpoint-error'
import { useExecutor } from './use-executor'
import { requireKnownQuantization } from './use-quantization'

/** A model class that {@link loadPretrained} can make. */
export interface PretrainedClass<M extends PretrainedModel> {
  readonly name: string
  fromConfig(config: RawConfig, file?: string): M
}

/** How a model's weights are stored. */
export interface CheckpointLayout {
  weightsName: WeightNameOptions['weightsName']
  rename?: NonNullable<LoadStateDictOptions['rename']>
  /** Other classes whose checkpoints hold the same weights: their name in a config needs no word. */
  relatedClasses?: readonly string[]
  /** Whether NaN and infinity are refused while loading: in models that are put on top of others. */
  requiresFinite?: boolean
}

/**
 * Reads `config.json`, makes the model and loads its weights one tensor at a time, or leaves them in their files where the executor reads them itself
 * or `options.lazy` says so. Warns of tensors that the model does not use, and of a config that names another class. Where anything fails or
 * `options.signal` fires, no tensor is left. Weights that this library has quantized compute so on executors that can, and are decoded for the others.
 *
 * @throws UnknownValueError for an executor that does not exist; ComponentClassError for a config of another class that does not load as this one;
 * QuantizationUnavailableError, UnknownValueError for a quantization; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizedCheckpointError, SafetensorsError, StateDictError
 */
export async function loadPretrained<M extends PretrainedModel>(
  modelClass: PretrainedClass<M>,
  files: CheckpointLayout,
  path: string | URL,
  options: FromPretrainedOptions = {},
): Promise<M> {
  const { subfolder, variant, className, signal } = options
  const name = classNameOf(modelClass)
  // Absolute from the start: weights may be read from there when the process has changed its folder.
  const source = absoluteIfThere(pathOf(path))
  const weights = { weightsName: files.weightsName, variant }
  const top = await resolveRepository(source, { subfolder, files: ['config.json'], weights }, options)
  const folder = absolutePath(subfolder === undefined ? top : join(top, subfolder))
  if (className !== undefined && className !== name) {
    throw new ComponentClassError(name, className, `The index of ${folder}`)
  }
  signal?.throwIfAborted()
  const wanted = requireKnownQuantization(options.quantization, modelClass)
  const executor = await executorFor(options.executor)
  const fetchWeights = async (explicitFile: string) => {
    await resolveRepository(source, { subfolder, files: [], weights: { ...weights, explicitFile } }, options)
  }
  const read = () =>
    loadFrom(modelClass, files, folder, { ...options, lazy: options.lazy ?? executor.readsWeights }, fetchWeights)
  const { result, isUnchanged } = await readUnchanged([folder], read, ({ model }) => model.dispose())
  const { model, found, otherClass, stored } = result
  if (!isUnchanged) {
    model.dispose()
    throw new FolderChangedError(folder)
  }
  warnOfDifferences(model, found)
  if (otherClass !== undefined && !files.relatedClasses?.includes(otherClass)) {
    const message = `${join(folder, 'config.json')} names the class ${otherClass}. It was loaded as ${name}, because the folder holds the weights of one.`
    emitWarning('OTHER_CLASS', message)
  }
  const asStored = executor.quantizations.find(name => name === stored)
  // Weights that somebody has quantized are not decoded again to be measured.
  const quantization = wanted === undefined || wanted === 'auto' ? (asStored ?? wanted) : wanted
  return useExecutor(model, executor, { ...options, quantization })
}

/** What a folder holds. */
interface LoadedModel<M> {
  readonly model: M
  readonly found: FoundWeights
  /** The class that the config names, if it is another one. */
  readonly otherClass: string | undefined
  /** How the weights are there, if they are quantized. */
  readonly stored: Quantization | undefined
}

/** Reads config and weights once. */
async function loadFrom<M extends PretrainedModel>(
  modelClass: PretrainedClass<M>,
  files: CheckpointLayout,
  folder: string,
  options: FromPretrainedOptions,
  fetchWeights: (explicitFile: string) => Promise<void>,
): Promise<LoadedModel<M>> {
  const file = join(folder, 'config.json')
  const config = await readConfig(folder, 'config.json')
  const stored = readQuantization(config, file)
  const otherClass = otherClassOf(config, classNameOf(modelClass))
  const explicitFile = explicitWeights(config, files, file)
  if (explicitFile !== undefined) await fetchWeights(explicitFile)
  // Models that load together are made one by one.
  await yieldToEventLoop()
  try {
    const model = modelClass.fromConfig(config, file)
    model.diffusersVersion = versionOf(config)
    model.storedQuantization = stored
    const found = await loadWeights(model, files, folder, { ...options, explicitFile, stored })
    const problem = stored && storedProblem(model, stored)
    if (problem !== undefined) {
      model.dispose()
      throw new InvalidConfigError(file, problem)
    }
    return { model, found, otherClass, stored }
  } catch (error) {
    const isOfOtherClass = error instanceof ConfigError || error instanceof StateDictError
    if (otherClass === undefined || !isOfOtherClass) throw error
    throw new ComponentClassError(classNameOf(modelClass), otherClass, file, error)
  }
}

/** What contradicts a config that says that weights are quantized. */
function storedProblem(model: PretrainedModel, stored: Quantization): string | undefined {
  const weights = model.parameters()
  if (!weights.some(isQuantized))
    return '"quantization_config" says that weights are quantized, and none is. Remove it.'
  if (stored !== 'int4' || weights.some(({ origin }) => origin?.dtype === 'I4_ROWS')) return undefined
  return '"quantization_config" says 4 bits, and no weight has them. Write the folder again with tesserae quantize.'
}

/** What a checkpoint holds besides what its model needs. */
export interface FoundWeights extends LoadedStateDict {
  readonly path: string
}

/** Further facts about how the weights of a folder are stored. */
type WeightOptions = FromPretrainedOptions &
  Pick<WeightNameOptions, 'explicitFile'> &
  Pick<LoadedModel<unknown>, 'stored'>

async function loadWeights(
  model: PretrainedModel,
  { weightsName, rename, requiresFinite }: CheckpointLayout,
  folder: string,
  { variant, explicitFile, signal, lazy, dtype, stored }: WeightOptions,
): Promise<FoundWeights> {
  await yieldToEventLoop()
  const opened = await openCheckpoint(folder, { weightsName, variant, explicitFile })
  try {
    const checkpoint: Checkpoint = stored ? withRowScales(opened) : opened
    const how = { ...(rename && { rename }), signal, lazy, dtype: dtype && floatDType(dtype), requiresFinite }
    const found = await loadStateDict(model, checkpoint, how)
    return { path: checkpoint.path, ...found }
  } finally {
    await opened.close()
  }
}

/** Warns of tensors that a model does not use, and of names that wrappers have changed. */
export function warnOfDifferences(model: PretrainedModel, { path, unused, unwrapped }: FoundWeights): void {
  const name = classNameOf(model)
  if (unused.length > 0) {
    const message = `${path}: ${name} does not use ${unused.length} of the tensors, which were ignored: ${shownNames(unused)}.`
    emitWarning('UNUSED_WEIGHTS', message)
  }
  if (unwrapped.length > 0) {
    const message = `${path}: the names that a wrapper such as torch.compile added to the keys were removed, e.g. from ${shownNames(unwrapped.slice(0, 1))} (${unwrapped.length} keys).`
    emitWarning('WRAPPED_WEIGHTS', message)
  }
}

/**
 * The file that a config of transformers names in place of those with the usual names.
 *
 * @throws InvalidConfigError for what is not the name of such a file in the folder
 */
function explicitWeights(config: RawConfig, { weightsName }: CheckpointLayout, file: string): string | undefined {
  const name = config['transformers_weights'] ?? undefined
  if (weightsName !== 'model' || name === undefined) return undefined
  if (typeof name === 'string' && /^[^/\\\0]+\.safetensors(?:\.index\.json)?$/.test(name)) return name
  const problem = `"transformers_weights" must be the name of a .safetensors file, or of its index, in the same folder, but is ${kindOf(name)}.`
  throw new InvalidConfigError(file, problem)
}

/** The executor that was handed over, or the one of that name. */
export async function executorFor(executor: FromPretrainedOptions['executor']): Promise<Executor> {
  if (typeof executor === 'object') return executor as Executor // The framework hands on what it was given.
  const selection = await selectExecutor(executor === undefined ? {} : ({ executor } as SelectExecutorOptions))
  const { warning } = selection
  if (warning !== undefined && !warnings.has(warning)) {
    warnings.add(warning)
    emitWarning('EXECUTOR_REPLACED', warning)
  }
  return selection.executor
}

/** Replaced executors that a warning has named. */
const warnings = new Set<string>()

/**
 * The class that a config names where it is not the one that is loaded. Diffusers' configs name one (`_class_name`), those of transformers a list
 * (`architectures`).
 */
function otherClassOf(config: RawConfig, expected: string): string | undefined {
  const className = config['_class_name'] ?? config['_className']
  const names = [className, config['architectures']].flat().filter(name => typeof name === 'string')
  return names.length === 0 || names.includes(expected) ? undefined : names.join(' or ')
}

/** The release of diffusers that a config was saved by. */
function versionOf({ _diffusers_version: version }: RawConfig): string | undefined {
  return typeof version === 'string' ? version : undefined
}
