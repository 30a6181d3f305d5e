/** Opens a model for `tesserae generate`, and loads its components. */
import { join } from 'node:path'
import { readConfig } from '../components/configs/read-config'
import type { Executor } from '../components/executors/executor'
import { makeGuider } from '../components/guiders/guider-names'
import { SCHEDULER_CONFIG_NAME } from '../components/schedulers/scheduler-mixin'
import { resolveScheduler } from '../components/schedulers/scheduler-names'
import { singleFileScheduler } from '../components/single-file/component-config'
import { type ComponentSpec, ComponentsManager, type DownloadProgress, type FromSingleFileOptions } from '../src'
import { absoluteIfThere } from '../src/files/path-of'
import { type RepositoryOptions, resolveRepository } from '../src/hub/repository-resolver'
import { isSingleFile } from '../src/hub/single-file-source'
import type { SingleFileSettings } from '../src/storage/single-file-index'
import { denoiserOptions } from './denoiser-options'
import { loadEmbeddings } from './embeddings'
import { loadLoras } from './loras'
import type { ModelOptions } from './model-options'
import { type AnyPipeline, openPipeline } from './open-pipeline'
import type { ProgressDisplay } from './progress-display'
import { requireComponent } from './require-component'
import { requireRevisions } from './require-revisions'
import { UnfitOptionError } from './unfit-option-error'

/** What loading works with. */
export interface LoadingAccess {
  readonly signal: AbortSignal
  readonly progress: ProgressDisplay
  /** Keeps the models within the limit of memory, if there is one. */
  readonly manager: ComponentsManager | undefined
}

/** Makes the manager that keeps all models within a limit; `undefined` without a limit. */
export function makeManager({ memoryLimit }: ModelOptions, progress: ProgressDisplay): ComponentsManager | undefined {
  if (memoryLimit === undefined) return undefined
  const manager = new ComponentsManager({
    // The others are about components that pipelines share, which the command does on purpose.
    onEvent: event => {
      if (event.type === 'warning' && event.code === 'OVER_MEMORY_LIMIT') progress.warn(event.message)
    },
  })
  manager.enableAutoCpuOffload({ limit: memoryLimit })
  return manager
}

/** Returns how repositories are asked for. */
export function repositoryOptions({ offline }: Pick<ModelOptions, 'offline'>, { signal, progress }: LoadingAccess) {
  return {
    ...(offline && { localFilesOnly: true }),
    signal,
    onProgress: (download: DownloadProgress) => progress.showDownload(download),
  }
}

/** Opens the pipeline of the model, without components that are loaded. */
export async function openModel(options: ModelOptions, access: LoadingAccess): Promise<AnyPipeline> {
  // A name that nothing has is reported before anything is asked for.
  if (options.guider !== undefined) makeGuider(options.guider)
  if (options.scheduler !== undefined) resolveScheduler(options.scheduler)
  const { model, revision, trustRemoteCode } = options
  // That of code is a checksum.
  if (!trustRemoteCode) requireRevisions(model, revision, '--revision')
  const { manager: componentsManager } = access
  const repository = { ...repositoryOptions(options, access), revision, trustRemoteCode }
  const singleFile = singleFileSettings(options)
  return openPipeline(model, model, { ...repository, byComponents: true, componentsManager, singleFile })
}

/** Returns how the components of a single file are loaded. @throws UnfitOptionError for options of single files beside a folder */
export function singleFileSettings({
  model,
  config,
  predictionType,
}: Pick<ModelOptions, 'model' | 'config' | 'predictionType'>): SingleFileSettings {
  if (!isSingleFile(model)) {
    const [option] = [config !== undefined && '--config', predictionType !== undefined && '--prediction-type'].filter(
      Boolean,
    )
    if (!option) return {}
    throw new UnfitOptionError(
      option,
      'is for a model in one file, and this one is a folder or repository. Leave it out.',
    )
  }
  return {
    ...(config !== undefined && { config: absoluteIfThere(config) }),
    ...(predictionType !== undefined && { predictionType }),
  }
}

/** Makes sure that a pipeline has the components that options replace. @throws UnfitOptionError */
export function requireReplaced(pipe: AnyPipeline, options: ModelOptions): void {
  const { guider, scheduler, safetyChecker, lora = [], embedding = [] } = options
  denoiserOptions(pipe, options)
  if (guider !== undefined) requireComponent(pipe, '--guider', 'guider')
  if (lora.length > 0) requireComponent(pipe, '--lora', 'adapters')
  if (embedding.length > 0) requireComponent(pipe, '--embedding', 'adapters')
  if (scheduler !== undefined) requireComponent(pipe, '--scheduler', 'scheduler')
  if (safetyChecker === false) requireComponent(pipe, '--no-safety-checker', 'safetyChecker')
}

/**
 * Replaces the components that options name, and loads the others.
 *
 * @throws UnfitOptionError for an option that names a component which the pipeline does not have
 */
export async function loadComponents(
  pipe: AnyPipeline,
  options: ModelOptions,
  executor: Executor,
  access: LoadingAccess,
): Promise<void> {
  const repository = repositoryOptions(options, access)
  requireReplaced(pipe, options)
  if (options.guider !== undefined) pipe.updateComponents({ guider: makeGuider(options.guider) })
  if (options.safetyChecker === false) pipe.updateComponents({ safetyChecker: null })
  if (options.scheduler !== undefined) {
    const spec = requireComponent(pipe, '--scheduler', 'scheduler')
    // Only the settings of the model's own scheduler are needed: its class may be one that is not here.
    const { config, source } = await schedulerSettings(spec, options, repository)
    const made = resolveScheduler(options.scheduler).make(config)
    // The blocks correct it as they would the model's own.
    spec.afterLoad?.(made as never, source, () => undefined)
    pipe.updateComponents({ scheduler: made })
  }
  // Each component knows the revision of its own repository.
  await pipe.loadComponents({ ...repository, executor, ...denoiserOptions(pipe, options) })
  await loadLoras(pipe, options.lora ?? [], repository)
  await loadEmbeddings(pipe, options.embedding ?? [], repository)
}

/** Returns the settings of the model's own scheduler, and where they lie. */
async function schedulerSettings(
  { pretrainedModelNameOrPath: place, subfolder, revision }: ComponentSpec,
  options: ModelOptions,
  repository: RepositoryOptions,
): Promise<{ config: Readonly<Record<string, unknown>>; source: string }> {
  const path = place ?? options.model
  if (isSingleFile(path)) {
    const given = { ...repository, revision, ...singleFileSettings({ ...options, model: path }) }
    const { config, file } = await singleFileScheduler(path, given as FromSingleFileOptions)
    return { config, source: file }
  }
  const part = { subfolder, files: [SCHEDULER_CONFIG_NAME] }
  const folder = join(await resolveRepository(path, part, { ...repository, revision }), subfolder)
  return { config: await readConfig(folder, SCHEDULER_CONFIG_NAME), source: folder }
}
