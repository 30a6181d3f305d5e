/** Names of single files of weights: a path here, or a file in a repository. Counterpart: diffusers single_file_utils.py (_extract_repo_id_and_weights_name). */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MissingRepositoryFileError } from '../errors/missing-repository-file-error'
import { RepositoryUnavailableError } from '../errors/repository-unavailable-error'
import { isContainedPath } from '../files/contained-path'
import { absoluteIfThere, pathOf } from '../files/path-of'
import { statIfThere } from '../files/stat-if-there'
import { findCachedPart, isRepositoryId, type RepositoryOptions, resolveRepository } from './repository-resolver'

/** How files end that hold the weights of one or several models. */
const WEIGHT_FILE = /\.(?:safetensors|ckpt|bin|pth?|gguf)$/i
/** File extensions. The id of a repository does not end with one. */
const PLAIN_WEIGHT_FILE = /\.(?:safetensors|ckpt|gguf)$/i
/** How the address of a repository on the Hub begins. */
const HUB_ADDRESS = /^(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\//i

/** A file in a repository. */
export interface RepositoryFile {
  readonly repository: string
  /** Path inside of the repository. */
  readonly path: string
  /** Branch, tag or commit that the address names. */
  readonly revision: string | undefined
}

/** Whether a text names one file of weights, here or in a repository, rather than a folder or a repository. */
export function isSingleFile(source: string): boolean {
  const stats = statIfThere(source)
  if (stats) return stats.isFile() && WEIGHT_FILE.test(source)
  return PLAIN_WEIGHT_FILE.test(source) || parseRepositoryFile(source) !== undefined
}

/**
 * Reads the name of a file in a repository: `org/name/model.safetensors`, or the address of its page or download on the Hub; `undefined` for what is not
 * one.
 */
export function parseRepositoryFile(source: string): RepositoryFile | undefined {
  const isAddress = HUB_ADDRESS.test(source)
  const match = /^([^/]+)\/([^/]+)\/(?:(?:blob|resolve)\/([^/]+)\/)?([^?#]+)(?:[?#].*)?$/.exec(
    source.replace(HUB_ADDRESS, ''),
  )
  const [, owner = '', name = '', revision, path = ''] = match ?? []
  if (!WEIGHT_FILE.test(path) || !isContainedPath(path)) return undefined
  // A misspelt path below a folder that is here is not asked for on the Hub.
  if (!isAddress && (existsSync(source) || existsSync(owner))) return undefined
  const repository = `${owner}/${name}`
  return isRepositoryId(repository) ? { repository, path, revision } : undefined
}

/**
 * Returns the path of a file on this machine; one in a repository is fetched first, and no other file of it.
 *
 * @throws MissingRepositoryFileError for a file that the repository does not have; what fetching a repository throws
 */
export async function resolveSingleFile(source: string | URL, options: RepositoryOptions = {}): Promise<string> {
  const path = absoluteIfThere(pathOf(source))
  const remote = parseRepositoryFile(path)
  if (remote === undefined) return path
  const { part, settings } = askFor(remote, options)
  const file = join(await resolveRepository(remote.repository, part, settings), remote.path)
  if (!existsSync(file)) throw new MissingRepositoryFileError(remote.repository, remote.path, settings.revision)
  return file
}

/**
 * Returns the path of a file on this machine, without waiting.
 *
 * @throws RepositoryUnavailableError for a file of a repository that is not cached
 */
export function findSingleFile(source: string | URL, options: RepositoryOptions = {}): string {
  const path = absoluteIfThere(pathOf(source))
  const remote = parseRepositoryFile(path)
  if (remote === undefined) return path
  const { part, settings } = askFor(remote, options)
  const folder = findCachedPart(remote.repository, part, settings)
  const file = folder === undefined ? undefined : join(folder, remote.path)
  if (file === undefined || !existsSync(file)) throw new RepositoryUnavailableError(path, settings.revision)
  return file
}

function askFor({ path, revision }: RepositoryFile, options: RepositoryOptions) {
  const folder = dirname(path)
  const part = { files: [basename(path)], subfolder: folder === '.' ? undefined : folder }
  return { part, settings: { ...options, revision: options.revision ?? revision } }
}
