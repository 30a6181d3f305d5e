/** The framework: blocks, states, the container and the runtime, and what saves and loads them. It knows nothing of tensors, images or diffusion. */
export * from './core'
export type { CustomBlocksOptions } from './custom-blocks/load-blocks'
export type { SaveBlocksOptions } from './custom-blocks/save-blocks'
export { UnwritableFileError, type UnwritableReason } from './files/unwritable-file-error'
export { writeFileAtomically } from './files/write-file-atomically'
export { type WriteFolderOptions, writeFolderAtomically } from './files/write-folder-atomically'
export { type BundledModelName, bundledModel } from './hub/bundled-model'
export {
  type OpenRepository,
  type PublishOptions,
  type PushedCommit,
  type RepositoryPublisher,
  registerRepositoryPublisher,
} from './hub/repository-publisher'
export {
  type DownloadProgress,
  fetchModelIndex,
  findModelIndex,
  isRepositoryId,
  type RepositoryOptions,
  type RepositoryPart,
  type RepositoryResolver,
  registerRepositoryResolver,
  resolveRepository,
} from './hub/repository-resolver'
export { RepositoryCommits } from './params/repository-commits'
export { loadMellonConfig, saveMellonConfig } from './storage/mellon-config-file'
export type { PushPipelineOptions, SavedPipeline, SavePipelineOptions } from './storage/save-pretrained'
