/** Finds the blocks and the index that a pipeline is made of. */
import { type CustomBlocksOptions, findCustomBlocks } from '../custom-blocks/load-blocks'
import { UnknownBlocksError } from '../errors/unknown-blocks-error'
import { absoluteIfThere, pathOf } from '../files/path-of'
import { fetchModelIndex, isRepositoryId } from '../hub/repository-resolver'
import { isSingleFile, resolveSingleFile } from '../hub/single-file-source'
import { RepositoryCommits } from '../params/repository-commits'
import type { PipelineBlocks } from '../pipeline/pipeline-blocks'
import { blockClassNames, findBlocks, findUnsupportedPipeline, type NamedBlocks } from '../pipeline/pipeline-families'
import { hasModelIndex, type ModelIndex, type ReadIndexOptions, readModelIndex } from './model-index'

/** What {@link findPipelineParts} returns. */
export interface PipelineParts {
  readonly blocks: PipelineBlocks
  /** `undefined` where there are blocks of code, and nothing else. */
  readonly index: ModelIndex | undefined
}

/** How a pipeline is looked for. */
export type FindPipelineOptions = Omit<CustomBlocksOptions, 'subfolder'> & ReadIndexOptions

/**
 * Returns the index of a folder or repository, and the blocks: those that are given, or come with it as code, or that the index names.
 *
 * @param given blocks to take, whatever the index names
 * @param fallback blocks where the index names none that are known
 * @throws ModelIndexError, UnknownBlocksError; what fetching the index throws; what loading code throws
 */
export async function findPipelineParts(
  source: string | URL,
  given: PipelineBlocks | undefined,
  fallback: NamedBlocks | undefined,
  { trustRemoteCode, ...others }: FindPipelineOptions,
): Promise<PipelineParts> {
  const path = absoluteIfThere(pathOf(source))
  // A branch may move while its files are fetched: blocks, index and components are to fit together.
  const options = { ...others, commits: others.commits ?? new RepositoryCommits() }
  if (isSingleFile(path)) {
    // Fetched here, as an index is read without waiting.
    await resolveSingleFile(path, options)
    if (options.singleFile?.config !== undefined)
      await fetchModelIndex(options.singleFile.config, withoutRevision(options))
    const index = readModelIndex(path, options)
    return { blocks: given ?? blocksOf(index, fallback), index }
  }
  const custom = given ? undefined : await findCustomBlocks(path, { ...options, trustRemoteCode })
  const folder = await fetchModelIndex(path, options)
  // What pins the code of a folder is not a revision of the rest of it.
  const ofIndex = custom && !isRepositoryId(path) ? withoutRevision(options) : options
  // Blocks of code may be all that there is.
  const index = custom && !hasModelIndex(folder) ? undefined : readModelIndex(path, ofIndex)
  return { blocks: given ?? (custom ? (new custom() as PipelineBlocks) : blocksOf(index, fallback)), index }
}

/** The blocks that an index names.
 * @throws UnknownBlocksError */
function blocksOf(index: ModelIndex | undefined, fallback: NamedBlocks | undefined): PipelineBlocks {
  const { blocksClassName, pipelineClassName, file = '' } = index ?? {}
  const found = findBlocks(blocksClassName, pipelineClassName) ?? fallback
  if (found) return new found()
  const unsupported = findUnsupportedPipeline(pipelineClassName)
  throw new UnknownBlocksError(file, blocksClassName, pipelineClassName, blockClassNames(), unsupported)
}

/** The options for what has no revision, or for another repository than the one that is named. */
function withoutRevision({ revision: _, ...options }: FindPipelineOptions): ReadIndexOptions {
  return options
}
