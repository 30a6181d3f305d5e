/** Makes a model from a folder with its config and weights. Counterpart: models/modeling_utils.py (from_pretrained). */

import { join } from 'node:path'
import { classNameOf } from '../../src/format/class-name'
import { toCamelCase } from '../../src/format/wire-names'
import { resolveRepository } from '../../src/hub/repository-resolver'
import type { FromPretrainedOptions } from '../../src/params/component-class'
import { type OpenCheckpointOptions, openCheckpoint } from '../checkpoints/open-checkpoint'
import { floatDType } from '../checkpoints/weight-dtypes'
import { ComponentClassError } from '../configs/component-class-error'
import type { RawConfig } from '../configs/parse-config'
import { readConfig } from '../configs/read-config'
import type { Executor } from '../executors/executor'
import { type SelectExecutorOptions, selectExecutor } from '../executors/select-executor'
import { type LoadStateDictOptions, loadStateDict } from '../nn/load-state-dict'
import type { PretrainedModel } from './pretrained-model'

/** A model class that {@link loadPretrained} can make. */
export interface PretrainedClass<M extends PretrainedModel> {
  readonly name: string
  fromConfig(config: RawConfig, file?: string): M
}

/** How a model's weights are stored. */
export interface WeightFiles {
  weightsName: OpenCheckpointOptions['weightsName']
  rename?: NonNullable<LoadStateDictOptions['rename']>
}

/**
 * Reads `config.json`, checks that it is of the right class, makes the model and loads its weights one tensor at a time, or leaves them in
 * their files where the executor reads them itself or `options.lazy` says so. Where anything fails or `options.signal` fires, no tensor is left.
 *
 * @throws UnknownValueError for an executor that does not exist; ComponentClassError, ConfigError, MissingFileError, SafetensorsError, StateDictError
 */
export async function loadPretrained<M extends PretrainedModel>(
  modelClass: PretrainedClass<M>,
  files: WeightFiles,
  path: string,
  options: FromPretrainedOptions = {},
): Promise<M> {
  const { subfolder, variant, className, signal } = options
  const weights = { weightsName: files.weightsName, variant }
  const top = await resolveRepository(path, { subfolder, files: ['config.json'], weights }, options)
  const folder = subfolder === undefined ? top : join(top, subfolder)
  const file = join(folder, 'config.json')
  if (className !== undefined && className !== classNameOf(modelClass)) {
    throw new ComponentClassError(classNameOf(modelClass), className, `The index of ${folder}`)
  }
  signal?.throwIfAborted()
  const config = await readConfig(folder, 'config.json')
  const classes = classesOf(config)
  if (classes.length > 0 && !classes.includes(classNameOf(modelClass))) {
    throw new ComponentClassError(classNameOf(modelClass), classes.join(' or '), file)
  }
  const model = modelClass.fromConfig(config, file)
  const executor = await executorFor(options.executor)
  const checkpoint = await openCheckpoint(folder, { weightsName: files.weightsName, variant })
  try {
    const rename = files.rename && { rename: files.rename }
    await loadStateDict(model, checkpoint, {
      ...rename,
      signal,
      lazy: options.lazy ?? executor.readsWeights,
      dtype: options.dtype && floatDType(options.dtype),
    })
  } finally {
    await checkpoint.close()
  }
  return model.useExecutor(executor)
}

/** The executor that was handed over, or the one of that name. */
async function executorFor(executor: FromPretrainedOptions['executor']): Promise<Executor> {
  if (typeof executor === 'object') return executor as Executor // The framework hands on what it was given.
  return (await selectExecutor(executor === undefined ? {} : ({ executor } as SelectExecutorOptions))).executor
}

/** The classes that a config names: one in diffusers' (`_class_name`), a list in transformers' (`architectures`). */
function classesOf(config: RawConfig): string[] {
  const { _className, architectures } = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [toCamelCase(key), value]),
  )
  return [_className, architectures].flat().filter(name => typeof name === 'string')
}
