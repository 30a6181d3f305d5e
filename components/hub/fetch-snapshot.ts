/** Brings chosen files of a revision here, several at a time. Counterpart: huggingface_hub _snapshot_download.py. */
import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { ListFileEntry } from '@huggingface/hub'
import { isLeftover } from '../../src/files/leftovers'
import { joinSignals } from '../../src/runtime/on-abort'
import { callLibrary } from './call-library'
import { fetchBlob } from './fetch-blob'
import type { HubCache, HubFile } from './hub-cache'
import { HubClient } from './hub-client'
import { InvalidHubAnswerError, OfflineModeError } from './hub-errors'
import { type HubOptions, isServersFault, offlineReason, openCache, quickly } from './hub-options'
import { numberOption } from './hub-settings'
import { isCommit, requireEtag, requireSafeFile, requireSameCommit, requireSize } from './repository-names'

/** Chooses from the files of a revision. */
export type SelectFiles = (names: readonly string[]) => readonly string[]

/** Files that are here. */
export interface Snapshot {
  /** The folder that stands for the top of the repository. */
  readonly folder: string
  readonly commit: string
  /** All files that the revision has; offline, where that is not known, those that are here. */
  readonly names: readonly string[]
}

type SnapshotOptions = HubOptions & { maxWorkers?: number | undefined }

const WORKERS = 8
/** Twice as many as the Hub advises: a list that continues has no end, and each name takes memory. */
const MOST_FILES = 200_000

/**
 * Fetches the chosen files of a revision, unless they are cached. Where the server cannot be reached or has a problem, what is cached will do if it is
 * all there.
 *
 * @throws as {@link snapshotDownload} does
 */
export async function fetchSnapshot(
  repository: string,
  select: SelectFiles,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  const snapshot = await fetchNow(repository, select, options)
  options.commits?.keep(repository, options.revision, snapshot.commit)
  return snapshot
}

async function fetchNow(repository: string, select: SelectFiles, options: SnapshotOptions): Promise<Snapshot> {
  const { cache, revision } = openCache(repository, options)
  const offline = offlineReason(options)
  if (offline !== undefined) {
    const { snapshot, missing } = lookUp(cache, revision, select)
    if (snapshot !== undefined && missing.length === 0) return snapshot
    throw new OfflineModeError(repository, revision, missing, cache.root, offline)
  }
  const cached = lookUp(cache, revision, select)
  const isCached = cached.snapshot !== undefined && cached.missing.length === 0
  let listed: { commit: string; files: readonly HubFile[] }
  try {
    listed = await list(await HubClient.open(isCached && cached.isListed ? quickly(options) : options), cache, revision)
  } catch (error) {
    if (!isCached || cached.snapshot === undefined || !isServersFault(error)) throw error
    return cached.snapshot
  }
  const { commit, files } = listed
  const client = await HubClient.open(options)
  const names = files.map(file => file.path)
  const chosen = new Set(select(names))
  await fetchAll(
    client,
    cache,
    commit,
    files.filter(file => chosen.has(file.path)),
    options,
  )
  // The cache may be on a disk that cannot be written, as long as nothing has to be.
  await cache.saveRevision(revision, commit).catch(() => undefined)
  return { folder: cache.snapshot(commit), commit, names }
}

/** What of a revision is cached. */
interface Cached {
  readonly snapshot: Snapshot | undefined
  /** What is chosen and not here. */
  readonly missing: readonly string[]
  /** Whether the files of the revision are known; otherwise only local files can be chosen. */
  readonly isListed: boolean
}

/** Returns what of a revision is cached: a snapshot with all chosen files, or the list of missing ones. Asks no server. */
export function lookUp(cache: HubCache, revision: string, select: SelectFiles): Cached {
  const commit = cache.commitOf(revision)
  if (commit === undefined) return { snapshot: undefined, missing: [], isListed: false }
  const folder = cache.snapshot(commit)
  const present = cachedFiles(folder)
  const names = cache.tree(commit)?.map(file => file.path)
  const isListed = names !== undefined
  const chosen = select(names ?? present)
  const snapshot = { folder, commit, names: names ?? present }
  // What is not known to exist cannot be missed, unless nothing of it is here at all.
  if (present.length === 0 || (!isListed && chosen.length === 0))
    return { snapshot: undefined, missing: chosen, isListed }
  return { snapshot, missing: chosen.filter(name => !cache.has(commit, name)), isListed }
}

function cachedFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => !entry.isDirectory() && !isLeftover(entry.name))
      .map(entry => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).replaceAll(sep, '/'))
      .sort()
  } catch {
    return []
  }
}

/** The commit of a revision, and what is in it. What a commit holds never changes, so it is asked for once. */
async function list(
  client: HubClient,
  cache: HubCache,
  revision: string,
): Promise<{ commit: string; files: readonly HubFile[] }> {
  const { repository } = cache
  const seen = isCommit(revision) ? cache.tree(revision) : undefined
  if (seen !== undefined) return { commit: revision, files: seen }
  const commit = await askCommit(client, repository, revision)
  requireSameCommit(repository, revision, commit)
  const known = cache.tree(commit)
  if (known !== undefined) return { commit, files: known }
  const files = (await listEntries(client, repository, commit)).filter(entry => entry.type === 'file')
  for (const { path, oid, lfs, size } of files) {
    requireEtag(repository, lfs?.oid ?? oid ?? '')
    requireSize(repository, path, lfs?.size ?? size)
  }
  await cache
    .saveTree(commit, Object.fromEntries(files.map(file => [file.path, treeEntry(file)])))
    .catch(() => undefined)
  return {
    commit,
    files: files.map(({ path, size, oid, lfs }) => ({
      path,
      size: lfs?.size ?? size,
      etag: lfs?.oid ?? (oid as string),
    })),
  }
}

/** All that a revision holds, as the server lists it. @throws InvalidHubAnswerError for a list that names something twice; as {@link callLibrary} does */
export async function listEntries(client: HubClient, repository: string, revision: string): Promise<ListFileEntry[]> {
  const found = new Map<string, ListFileEntry>()
  await callLibrary(client, { repository, revision }, async ({ listFiles }, connection) => {
    const repo = { type: 'model' as const, name: repository }
    for await (const entry of listFiles({ ...connection, repo, revision, recursive: true })) {
      // It is a name of the server's: none is kept that no file can have.
      requireSafeFile(repository, entry.path)
      // Otherwise pages that name one another would be read forever.
      if (found.has(entry.path)) {
        throw new InvalidHubAnswerError(repository, `the list of files names ${JSON.stringify(entry.path)} twice.`)
      }
      if (found.size === MOST_FILES)
        throw new InvalidHubAnswerError(repository, `there are more than ${MOST_FILES} files.`)
      found.set(entry.path, entry)
    }
  })
  return [...found.values()]
}

async function askCommit(client: HubClient, repository: string, revision: string): Promise<string> {
  const { sha } = await callLibrary(client, { repository, revision }, ({ modelInfo }, connection) =>
    modelInfo({ ...connection, name: repository, revision, additionalFields: ['sha'] }),
  )
  if (typeof sha !== 'string' || !isCommit(sha))
    throw new InvalidHubAnswerError(repository, 'the answer names no commit (sha).')
  return sha
}

/** As Python keeps it. */
function treeEntry({ size, oid, lfs, xetHash }: ListFileEntry): object {
  return {
    size,
    blob_id: oid,
    ...(lfs && { lfs_sha256: lfs.oid, lfs_size: lfs.size }),
    ...(xetHash !== undefined && { xet_hash: xetHash }),
  }
}

async function fetchAll(
  client: HubClient,
  cache: HubCache,
  commit: string,
  files: readonly HubFile[],
  { signal, onProgress, maxWorkers }: HubOptions & { maxWorkers?: number | undefined },
): Promise<void> {
  const missing = files.filter(file => !cache.has(commit, file.path))
  if (missing.length === 0) return
  const atOnce = numberOption('maxWorkers', maxWorkers ?? WORKERS, { least: 1, isWhole: true })
  await cache.tag()
  const total = missing.reduce((sum, file) => sum + (file.size ?? 0), 0)
  const here = new Map<string, number>()
  let bytes = 0
  // The first failure ends the others, which leave what they have.
  const failure = new AbortController()
  const { signal: either, release } = joinSignals(signal, failure.signal)
  const fetchOne = async (file: HubFile) => {
    const onBytes = (fileBytes: number) => {
      bytes += fileBytes - (here.get(file.path) ?? 0)
      here.set(file.path, fileBytes)
      onProgress?.({ repository: cache.repository, file: file.path, fileBytes, fileTotal: file.size, bytes, total })
    }
    await fetchBlob({ client, cache, commit, file, signal: either, onBytes })
    await cache.point(commit, file.path, file.etag)
  }
  const queue = missing.values()
  const work = async () => {
    for (const file of queue) {
      either.throwIfAborted()
      await fetchOne(file).catch(error => {
        failure.abort(error)
        throw error
      })
    }
  }
  const workers = Array.from({ length: Math.min(atOnce, missing.length) }, work)
  const ended = await Promise.allSettled(workers).finally(release)
  signal?.throwIfAborted()
  // The first failure has given the others its reason.
  if (ended.some(({ status }) => status === 'rejected')) throw failure.signal.reason
}
