/** What pipelines are made and changed with. */
import type { ComponentContainer } from '../container/component-container'
import type { CustomBlocksOptions } from '../custom-blocks/load-blocks'
import type { RepositoryOptions } from '../hub/repository-resolver'
import type { FromSingleFileOptions } from '../params/component-class'
import type { ComponentSpec } from '../params/component-spec'
import type { ComponentsOf } from '../params/typed-io'
import type { RunLimits } from '../runtime/run-limits'
import type { SingleFileSettings } from '../storage/single-file-index'
import type { ComponentRegistry } from './component-registry'
import type { PipelineBlocks } from './pipeline-blocks'

/** Options of `initPipeline()`. */
export interface InitPipelineOptions extends Pick<RepositoryOptions, 'revision' | 'cacheDir'> {
  /** Supplies components that the pipeline does not hold itself; the pipeline's own container is a child of it. */
  container?: ComponentContainer | undefined
  /** Registers the components that are loaded, and may share them and manage their memory. */
  componentsManager?: ComponentRegistry | undefined
  /** Collection of the manager that they belong to. */
  collection?: string | undefined
  /** What a call may cost at most. By default nothing is limited but by the memory of the machine; see also {@link setProcessLimits}. */
  limits?: RunLimits | undefined
}

/** Options of {@link ModularPipeline.fromPretrained}. */
export interface LoadPipelineOptions<B extends PipelineBlocks = PipelineBlocks>
  extends InitPipelineOptions,
    Omit<CustomBlocksOptions, 'subfolder'> {
  /** The blocks to take, instead of those that the index names. */
  blocks?: B | undefined
  /** Takes those blocks alone that a workflow runs. */
  workflow?: string | undefined
  /** How components of a single file are loaded; {@link ModularPipeline.fromSingleFile} has an option for each. */
  singleFile?: SingleFileSettings
}

/** Options of {@link ModularPipeline.fromSingleFile}. */
export interface LoadSingleFileOptions<B extends PipelineBlocks = PipelineBlocks>
  extends Omit<LoadPipelineOptions<B>, 'singleFile' | 'trustRemoteCode'>,
    Pick<FromSingleFileOptions, 'predictionType' | 'extractEma'> {
  /** Folder or repository in the diffusers layout whose index, configs and tokenizers are taken in place of those of the family. */
  config?: string | URL | undefined
}

/** What may replace components: another one, the spec of one, or none. */
export type ComponentsToUpdate<B> = {
  readonly [K in keyof ComponentsOf<B>]?: ComponentsOf<B>[K] | ComponentSpec | null | undefined
}
