/** Where models come from that are not local folders: a resolver registers itself. Counterpart: diffusers utils/hub_utils.py. */

import { existsSync } from 'node:fs'
import { RepositoryUnavailableError } from '../errors/repository-unavailable-error'
import { recoverFolder } from '../files/leftovers'
import { absoluteIfThere, pathOf } from '../files/path-of'
import type { RepositoryCommits } from '../params/repository-commits'
import { refuseBundledPath } from './bundled-model'

/** How far a download is. */
export interface DownloadProgress {
  /** Repository, e.g. `org/name`. */
  repository: string
  /** Path of the file in the repository, the one that has just grown. */
  file: string
  /** Bytes of that file that are here, and its size; `undefined` where the server does not say. */
  fileBytes: number
  /** Bytes of the file; `undefined` if the server does not say. */
  fileTotal: number | undefined
  /** Bytes of all files of this download that are here, and all there are. */
  bytes: number
  /** Bytes of all files. */
  total: number
}

/** How a repository is reached. What is left out comes from the environment, as in Python: `HF_TOKEN`, `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_OFFLINE`, … */
export interface RepositoryOptions {
  /** Branch, tag or commit. Default: `main`. A full commit that is cached is not asked for again. */
  revision?: string | undefined
  /** Commits that branches and tags stand for: what is resolved with the same ones comes from the same commit. Default: the newest one each time. */
  commits?: RepositoryCommits | undefined
  /** Access token; `false` for none at all. */
  token?: string | false | undefined
  /** Folder of the cache, shared with Python's. */
  cacheDir?: string | URL | undefined
  /** Takes what is cached, and asks no server. */
  localFilesOnly?: boolean | undefined
  /** Address of the Hub. Default: `https://huggingface.co`. */
  endpoint?: string | undefined
  /** Stops the download; what has come in is kept for the next time. */
  signal?: AbortSignal | undefined
  /** Told whenever bytes have come in. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined
}

/** The part of a repository that is needed. */
export interface RepositoryPart {
  /** Folder inside of the repository. Default: its top. */
  subfolder?: string | undefined
  /** Names of the files in that folder that are wanted if they exist. */
  files: readonly string[]
  /** Whether the code in that folder, and in those inside of it, is wanted as well. It is fetched, not run. */
  code?: boolean | undefined
  /** Weights that are wanted as well: the single file or the shards of one variant. */
  weights?:
    | {
        readonly weightsName: 'diffusion_pytorch_model' | 'model'
        readonly variant?: string | undefined
        /** The file or index that holds them whatever it is called. */
        readonly explicitFile?: string | undefined
      }
    | undefined
}

/** Fetches repositories into folders. */
export interface RepositoryResolver {
  /** Whether a text can be the id of a repository, e.g. `org/name`. */
  isRepositoryId(text: string): boolean
  /** Fetches a part, and gives the folder that stands for the top of the repository. */
  resolve(id: string, part: RepositoryPart, options: RepositoryOptions): Promise<string>
  /** The folder that stands for the top of the repository if all of that part is cached; asks no server. */
  findCached(id: string, part: RepositoryPart, options: RepositoryOptions): string | undefined
}

/** Both of its names; the modular one is read first. */
const INDEX: RepositoryPart = { files: ['modular_model_index.json', 'model_index.json', 'modular_config.json'] }

let registeredResolver: RepositoryResolver | undefined

/** Makes known who fetches repositories; the last one counts. `tesserae` registers the Hugging Face Hub. */
export function registerRepositoryResolver(resolver: RepositoryResolver): void {
  registeredResolver = resolver
}

/**
 * Returns the local folder of a model. A folder is returned as it is; for an id such as `org/name` the part is fetched first.
 * Anything that is neither is returned too: its reader reports what is missing.
 *
 * @param source a folder, or the id of a repository
 * @throws the errors of the resolver that is registered: no such repository or revision, a token that is refused, no connection, …
 */
export async function resolveRepository(
  source: string | URL,
  part: RepositoryPart,
  options: RepositoryOptions = {},
): Promise<string> {
  const path = absoluteIfThere(pathOf(source))
  refuseBundledPath(path)
  if (registeredResolver === undefined || !isRepositoryId(path)) return path
  return registeredResolver.resolve(path, part, options)
}

/** Fetches the index of a model, and no more: gives the local folder that it is in. Fails as {@link resolveRepository} does. */
export function fetchModelIndex(path: string | URL, options: RepositoryOptions = {}): Promise<string> {
  return resolveRepository(path, INDEX, options)
}

/**
 * Returns the local folder of a model's index, without waiting: a folder is returned as it is, and so is what cannot be an id.
 *
 * @throws RepositoryUnavailableError for an id whose index is not cached
 */
export function findModelIndex(source: string | URL, options: RepositoryOptions = {}): string {
  const path = pathOf(source)
  refuseBundledPath(path)
  if (registeredResolver === undefined || !isRepositoryId(path)) return path
  const folder = registeredResolver.findCached(path, INDEX, options)
  if (folder === undefined) throw new RepositoryUnavailableError(path, options.revision)
  return folder
}

/** The folder that stands for the top of a repository if all of a part is cached; asks no server. */
export function findCachedPart(id: string, part: RepositoryPart, options: RepositoryOptions): string | undefined {
  return registeredResolver?.findCached(id, part, options)
}

/** Returns whether a path does not exist as a file or folder, but can be the id of a repository, e.g. `org/name`. */
export function isRepositoryId(path: string): boolean {
  recoverFolder(path)
  return registeredResolver?.isRepositoryId(path) === true && !existsSync(path)
}
