/** Where the pipelines of a server come from: told in words, as they are opened in a process of their own. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
// Families, components and the Hub register themselves.
import '../../blocks/pipeline-families'
import {
  type Executor,
  makeGuider,
  type QuantizationChoice,
  type SelectExecutorOptions,
  selectExecutor,
} from '../../components'
import { type ComponentsManager, ModularPipeline, type ModularPipelineBlocks } from '../../src'
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { InvalidPipelineSourceError } from './worker-errors'

/** A pipeline of any blocks. */
export type ServedPipeline = ModularPipeline<ModularPipelineBlocks>

/** A model, and what is done with it. */
export interface ModelSource {
  /** Folder in the diffusers layout, or id of a repository such as `org/name`. */
  readonly model: string
  /** Branch, tag or commit of the repository. */
  readonly revision?: string | undefined
  /** Takes the repository from the cache, and asks no server. */
  readonly offline?: boolean | undefined
  /** What the weights are cast to. Default: what they are. */
  readonly dtype?: 'float32' | 'float16' | 'bfloat16' | undefined
  /** Variant of the files, e.g. `fp16`. */
  readonly variant?: string | undefined
  /** The guider by its short name, e.g. `apg`. Default: the model's own. */
  readonly guider?: string | undefined
  /** How the denoiser, the component `unet`, is quantized; `auto` does so where it is faster. Default: the model's own precision. */
  readonly quantization?: QuantizationChoice | undefined
}

/** The component that is quantized: it is most of a model, and computes in every step. */
const QUANTIZED = 'unet'

/** A module whose default export is a function that returns a pipeline, with its components loaded or not. */
export interface ModuleSource {
  /** Path of the module. */
  readonly module: string
}

/** Where a pipeline comes from. */
export type PipelineSource = ModelSource | ModuleSource

/** What pipelines are opened with. */
export interface OpenSourceOptions {
  /** Keeps the models of all pipelines within a limit of memory. */
  readonly manager?: ComponentsManager | undefined
  /** Collection of the manager. */
  readonly collection?: string | undefined
  /** Cancels the work. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a pipeline without loading weights: of a model, the index alone is read.
 *
 * @throws InvalidPipelineSourceError; what reading the index, fetching it, or the module throws
 */
export async function openPipelineSource(
  source: PipelineSource,
  { manager, collection, signal }: OpenSourceOptions = {},
): Promise<ServedPipeline> {
  if ('module' in source) return openModule(source.module)
  const { model, revision, offline, quantization } = source
  const pipe = await ModularPipeline.fromPretrained<ModularPipelineBlocks>(model, {
    revision,
    signal,
    ...(offline && { localFilesOnly: true }),
    ...(manager && { componentsManager: manager, collection }),
  })
  if (quantization === undefined || pipe.componentNames.includes(QUANTIZED)) return pipe
  pipe.dispose()
  const problem = `it has no component "${QUANTIZED}" to quantize. Leave out the quantization "${quantization}".`
  throw new InvalidPipelineSourceError(model, problem)
}

/** Loads what a pipeline still lacks. @throws ComponentLoadError, also for a quantization that the executor does not support; what choosing the executor throws */
export async function loadSource(
  pipe: ServedPipeline,
  source: PipelineSource,
  executorOptions: SelectExecutorOptions,
  signal?: AbortSignal,
): Promise<Executor> {
  const { executor, warning } = await selectExecutor(executorOptions)
  if (warning !== undefined) emitWarningOnce('EXECUTOR_REPLACED', warning)
  const isModel = 'model' in source
  if (isModel && source.guider !== undefined) pipe.updateComponents({ guider: makeGuider(source.guider) })
  if (pipe.missingComponentNames.length === 0) return executor
  const { dtype, variant, offline, quantization } = isModel ? source : ({} as Partial<ModelSource>)
  await pipe.loadComponents({
    executor,
    ...(dtype && { dtype }),
    ...(variant && { variant }),
    ...(quantization && { quantization: { [QUANTIZED]: quantization } }),
    ...(offline && { localFilesOnly: true }),
    ...(signal && { signal }),
  })
  return executor
}

async function openModule(module: string): Promise<ServedPipeline> {
  const path = resolve(module)
  let make: unknown
  try {
    const loaded = (await import(pathToFileURL(path).href)) as { default?: unknown }
    // A CommonJS module that was compiled from one with a default export.
    make = (loaded.default as { default?: unknown } | undefined)?.default ?? loaded.default
  } catch (cause) {
    throw new InvalidPipelineSourceError(module, `the module cannot be loaded: ${(cause as Error).message}.`, cause)
  }
  const pipe: unknown = typeof make === 'function' ? await make() : undefined
  if (pipe instanceof ModularPipeline) return pipe as ServedPipeline
  throw new InvalidPipelineSourceError(module, 'its default export must be a function that returns a ModularPipeline.')
}
