/** Brings one file of a repository here. Counterpart: huggingface_hub file_download.py (hf_hub_download). */
import { isContainedPath } from '../../src/files/contained-path'
import { fetchBlob } from './fetch-blob'
import type { HubCache, HubFile } from './hub-cache'
import { commitIn, HubClient } from './hub-client'
import { EntryNotFoundError, InvalidHubAnswerError, InvalidRepositoryNameError, OfflineModeError } from './hub-errors'
import { type HubOptions, isServersFault, offlineReason, openCache, quickly } from './hub-options'
import { isCommit, requireEtag, requireSameCommit, requireSize } from './repository-names'

/**
 * Returns the path of a file of a repository, and fetches it unless it is cached. If the server cannot be reached or has a problem, the cached file is used.
 *
 * @param repository e.g. `org/name`
 * @param file path in the repository, e.g. `unet/config.json`
 * @throws RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError, GatedRepoError, TokenRefusedError or another HubRequestError;
 * HubConnectionError; OfflineModeError if it is not cached and no server may be asked; CorruptDownloadError; UnwritableFileError; InvalidRepositoryNameError;
 * the reason of the signal
 */
export async function hubDownload(repository: string, file: string, options: HubOptions = {}): Promise<string> {
  const { cache, revision } = openCache(repository, options)
  if (!isContainedPath(file)) throw new InvalidRepositoryNameError(file, 'is not the path of a file in a repository.')
  if (isCommit(revision) && cache.has(revision, file)) return cache.pointer(revision, file)
  const cached = findCached(cache, revision, file)
  const offline = offlineReason(options)
  if (offline !== undefined) {
    if (cached !== undefined) return cached
    throw new OfflineModeError(repository, revision, [file], cache.root, offline)
  }
  let found: { commit: string; entry: HubFile }
  try {
    found = await fetchFileInfo(await HubClient.open(cached ? quickly(options) : options), cache, revision, file)
  } catch (error) {
    if (cached === undefined || !isServersFault(error)) throw error
    return cached
  }
  const { commit, entry } = found
  if (!cache.has(commit, file)) {
    await cache.tag()
    const client = await HubClient.open(options)
    const total = entry.size ?? 0
    await fetchBlob({
      client,
      cache,
      file: entry,
      commit,
      signal: options.signal,
      onBytes: bytes =>
        options.onProgress?.({
          repository,
          file,
          fileBytes: bytes,
          fileTotal: entry.size,
          bytes,
          total: Math.max(total, bytes),
        }),
    })
    await cache.point(commit, file, entry.etag)
  }
  // Last, so that an offline process finds the old or the new; and a read-only disk suffices if nothing has to be written.
  await cache.saveRevision(revision, commit).catch(() => undefined)
  return cache.pointer(commit, file)
}

function findCached(cache: HubCache, revision: string, file: string): string | undefined {
  const commit = cache.commitOf(revision)
  return commit !== undefined && cache.has(commit, file) ? cache.pointer(commit, file) : undefined
}

/** Asks for the commit, the etag and the size of a file. */
async function fetchFileInfo(
  client: HubClient,
  cache: HubCache,
  revision: string,
  file: string,
): Promise<{ commit: string; entry: HubFile }> {
  const { repository } = cache
  const target = { repository, revision, file }
  let response: Response
  try {
    response = await client.request(client.fileUrl(target), {
      ...target,
      method: 'HEAD',
      headers: { 'accept-encoding': 'identity' },
      // A large file is elsewhere, but what it is, the Hub says itself. A repository that was renamed is followed.
      isEnough: (response, location) =>
        response.headers.has('x-linked-etag') || location.origin !== new URL(client.endpoint).origin,
    })
  } catch (error) {
    const commit = error instanceof EntryNotFoundError ? error.commit : undefined
    if (commit !== undefined) await rememberLack(cache, revision, commit, file)
    throw error
  }
  const { headers } = response
  const commit = commitIn(headers)
  const etag = plainEtag(headers.get('x-linked-etag') ?? headers.get('etag') ?? '')
  if (commit === undefined || etag === '') {
    throw new InvalidHubAnswerError(repository, `the answer for "${file}" names no commit (X-Repo-Commit) or no ETag.`)
  }
  requireSameCommit(repository, revision, commit)
  requireEtag(repository, etag)
  const length = headers.get('x-linked-size') ?? (response.ok ? headers.get('content-length') : null)
  const size = length === null ? undefined : Number(length)
  if (size !== undefined) requireSize(repository, file, size)
  return { commit, entry: { path: file, etag, size } }
}

async function rememberLack(cache: HubCache, revision: string, commit: string, file: string): Promise<void> {
  if (!isCommit(commit)) return
  // Only a memory: a cache that cannot be written must not hide that there is no such file.
  await cache.saveLack(commit, file).catch(() => undefined)
  await cache.saveRevision(revision, commit).catch(() => undefined)
}

/** Without the quotes, and the mark of a weak one. */
function plainEtag(etag: string): string {
  return etag.replace(/^W\//, '').replaceAll('"', '')
}
