/** Brings a repository here, or the files of it that patterns choose. Counterpart: huggingface_hub _snapshot_download.py (snapshot_download). */
import { fetchSnapshot } from './fetch-snapshot'
import { filterNames } from './file-patterns'
import type { HubOptions } from './hub-options'
import { selectModelFiles } from './model-files'

/** Options of {@link snapshotDownload}. */
export interface SnapshotDownloadOptions extends HubOptions {
  /** Only files that one of these matches, e.g. `unet/*`. Default: all. */
  allowPatterns?: string | readonly string[] | undefined
  /** No files that one of these matches. */
  ignorePatterns?: string | readonly string[] | undefined
  /** Only what a pipeline loads: of each component the safetensors of one variant. Default: `false`, or `true` where a variant is given. */
  modelFilesOnly?: boolean | undefined
  /** The variant of the weights, e.g. `fp16`. */
  variant?: string | undefined
  /** How many files are fetched at once. Default: 8. */
  maxWorkers?: number | undefined
}

/**
 * Returns the folder with the files of a revision, and fetches those that are not cached. It is Python's cache: what either side has fetched, the other finds.
 * A download that was stopped continues where it ended.
 *
 * @param repository e.g. `org/name`
 * @throws RepositoryNotFoundError, RevisionNotFoundError, GatedRepoError, TokenRefusedError or another HubRequestError; HubConnectionError;
 * OfflineModeError if something is not cached and no server may be asked; CorruptDownloadError; InvalidHubAnswerError; UnwritableFileError;
 * InvalidRepositoryNameError; the reason of the signal
 */
export async function snapshotDownload(repository: string, options: SnapshotDownloadOptions = {}): Promise<string> {
  const { allowPatterns, ignorePatterns, variant, modelFilesOnly = variant !== undefined, ...rest } = options
  const select = (names: readonly string[]) => {
    const chosen = filterNames(names, allowPatterns, ignorePatterns)
    return modelFilesOnly ? selectModelFiles(chosen, variant) : chosen
  }
  return (await fetchSnapshot(repository, select, rest)).folder
}
