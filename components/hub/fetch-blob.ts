/** Brings one content into the cache: continues where the last attempt ended, checks it, and shows it when it is whole. Counterpart: huggingface_hub file_download.py (http_get). */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { printableName } from '../../src/errors/printable'
import { makeFolder } from '../../src/files/make-folder'
import { UnwritableFileError } from '../../src/files/unwritable-file-error'
import { withCacheLock } from './cache-lock'
import { hashFor, updateFromFile } from './content-hash'
import type { HubCache, HubFile } from './hub-cache'
import type { HubClient } from './hub-client'
import { CorruptDownloadError, HubConnectionError, type HubTarget, InvalidHubAnswerError } from './hub-errors'

/** What {@link fetchBlob} is to fetch, and who is to know. */
export interface FetchBlobOptions {
  readonly client: HubClient
  readonly cache: HubCache
  readonly file: HubFile
  /** The full commit: what the address shows cannot change in between. */
  readonly commit: string
  readonly signal?: AbortSignal | undefined
  /** Told how many bytes are here, from the beginning of the file. */
  readonly onBytes?: (bytes: number) => void
}

/** Bytes of a file whose size no answer states: every file but weights is smaller, and of weights the Hub states it. */
const MOST_UNSTATED = 64 * 2 ** 20

/** What came in does not fit. */
class DamagedContent extends Error {}

/** A process that took our lock for abandoned continues with our part. */
class TakenOver extends Error {}

/**
 * Fetches a content unless it is there. Until it is whole and checked it is in a file of another name, which the next attempt continues with,
 * also in another process.
 *
 * @throws HubRequestError, HubConnectionError, CorruptDownloadError, UnwritableFileError; the reason of the signal
 */
export async function fetchBlob(options: FetchBlobOptions): Promise<void> {
  const { cache, file, signal, onBytes } = options
  const blob = cache.blob(file.etag)
  if (await isWhole(blob, file.size)) return onBytes?.(file.size ?? 0)
  await makeFolder(dirname(blob))
  const lock = cache.lock(file.etag)
  const work = () =>
    inFileSystem(blob, async () => {
      if (await isWhole(blob, file.size)) return onBytes?.(file.size ?? 0)
      await fetchUnderLock(blob, options)
    })
  for (;;) {
    try {
      return await inFileSystem(lock, () => withCacheLock(lock, signal, work))
    } catch (error) {
      // Wait for that process, as for any other.
      if (!(error instanceof TakenOver)) throw error
    }
  }
}

async function fetchUnderLock(blob: string, options: FetchBlobOptions): Promise<void> {
  const { cache, file } = options
  const partial = await claimPartial(blob)
  for (let attempt = 1; ; attempt++) {
    try {
      await fillPartial(partial, options)
      break
    } catch (error) {
      if (!(error instanceof DamagedContent)) throw error
      // What was there before may have been damaged already: the second attempt begins again.
      await rm(partial, { force: true })
      if (attempt === 2) throw new CorruptDownloadError(cache.repository, file.path, error.message)
    }
  }
  await rename(partial, blob).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new TakenOver() : error
  })
}

/** A content that is there is whole, unless its size tells otherwise: it was checked when it got its name. */
async function isWhole(blob: string, size: number | undefined): Promise<boolean> {
  const stats = await stat(blob).catch(() => undefined)
  return stats?.isFile() === true && (size === undefined || stats.size === size)
}

/** The largest of the parts that earlier attempts have left, under a name that is ours alone. */
async function claimPartial(blob: string): Promise<string> {
  const folder = dirname(blob)
  const prefix = `${basename(blob)}.tesserae-`
  const mine = join(folder, `${prefix}${randomUUID().slice(0, 8)}.incomplete`)
  const parts: { path: string; size: number }[] = []
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith('.incomplete')) continue
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    // Anything but a file is of no use, and reading a pipe would wait forever.
    if (stats?.isFile()) parts.push({ path, size: stats.size })
  }
  const [largest, ...others] = parts.sort((a, b) => b.size - a.size)
  if (largest) await rename(largest.path, mine).catch(() => undefined)
  for (const { path } of others) await rm(path, { force: true })
  return mine
}

async function fillPartial(partial: string, options: FetchBlobOptions): Promise<void> {
  const { file, signal } = options
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT)
  try {
    const present = (await handle.stat()).size
    const hash = hashFor(file.etag, file.size)
    if (hash) await updateFromFile(hash, handle, present, signal)
    if (file.size !== undefined) await requireSpace(partial, file.size - present)
    const content = new HashedFile(handle, hash, present)
    await receive(content, options)
    await handle.truncate(content.bytes)
    await handle.sync()
    if (content.hash !== undefined && content.hash.digest('hex') !== file.etag) {
      throw new DamagedContent(`its hash is not ${file.etag}`)
    }
  } finally {
    await handle.close()
  }
}

/** A file that grows, and the hash of what is in it. */
class HashedFile {
  constructor(
    private readonly handle: FileHandle,
    public hash: ReturnType<typeof hashFor>,
    public bytes: number,
  ) {}

  /** Adds what comes next, at its own place: two who fill the same file at once do not spoil it for each other. */
  async add(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      done += (await this.handle.write(chunk, done, chunk.length - done, this.bytes + done)).bytesWritten
    }
    this.hash?.update(chunk)
    this.bytes += chunk.length
  }

  /** Begins at the first byte again. */
  restart(hash: ReturnType<typeof hashFor>): void {
    this.hash = hash
    this.bytes = 0
  }
}

/** Asks for the rest until there is none. Each time that something has come in, patience is whole again. */
async function receive(content: HashedFile, options: FetchBlobOptions): Promise<void> {
  const { client, file, signal, onBytes } = options
  const target: HubTarget = { repository: options.cache.repository, revision: options.commit, file: file.path }
  onBytes?.(content.bytes)
  let before = content.bytes
  const ask = async () => {
    before = content.bytes
    const response = await requestRest(content, target, options)
    const most = file.size ?? content.bytes + statedLength(response)
    for await (const chunk of client.bytesOf(response, target, signal)) {
      await content.add(chunk)
      if (file.size !== undefined && content.bytes > file.size) break
      if (content.bytes > most) {
        const problem = `the size of ${printableName(file.path)} is not stated, and more than ${most} bytes came in.`
        throw new InvalidHubAnswerError(target.repository, problem)
      }
      onBytes?.(content.bytes)
    }
    if (file.size !== undefined && content.bytes < file.size)
      throw new HubConnectionError(target.repository, client.endpoint, 'the answer ended early')
  }
  // The server was there a moment ago, when it said what the file is.
  const patience = { signal, wasThere: true, hasAdvanced: () => content.bytes > before }
  if (file.size === undefined || content.bytes < file.size) await client.retry(ask, patience)
  if (file.size !== undefined && content.bytes > file.size)
    throw new DamagedContent(`it has more than the ${file.size} bytes that it should have`)
}

/** Bytes that an answer says it has; where it says nothing, those that are read at most. */
function statedLength({ headers }: Response): number {
  const length = Number(headers.get('content-length') ?? Number.NaN)
  return Number.isSafeInteger(length) ? length : MOST_UNSTATED
}

/** The answer with what is still missing; where the server cannot give that alone, with all of it. */
async function requestRest(
  content: HashedFile,
  target: HubTarget,
  { client, file, signal }: FetchBlobOptions,
): Promise<Response> {
  // Compressed answers have no ranges and no sizes.
  const headers = { 'accept-encoding': 'identity', ...(content.bytes > 0 && { range: `bytes=${content.bytes}-` }) }
  const request = { ...target, headers, accept: [416], ...(signal && { signal }) }
  const response = await client.ask(client.fileUrl(target), request)
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? []
  const isOfThisFile = file.size === undefined || total === undefined || total === '*' || Number(total) === file.size
  if (response.status === 206 && Number(start) === content.bytes && isOfThisFile) return response
  if (content.bytes === 0 && response.status === 200) return response
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new DamagedContent(`the server has no bytes from ${content.bytes} on`)
  }
  content.restart(hashFor(file.etag, file.size))
  return response
}

/** Fails before the work, not in the middle, where the disk has no room. */
async function requireSpace(path: string, bytes: number): Promise<void> {
  const disk = await statfs(dirname(path)).catch(() => undefined)
  // Some file systems say nothing, in the form of zeros.
  if (disk === undefined || disk.blocks === 0 || disk.bavail * disk.bsize >= bytes) return
  const detail = `the disk is full: ${bytes} bytes are needed, ${disk.bavail * disk.bsize} are free. Make room, or move the cache by HF_HUB_CACHE.`
  throw new UnwritableFileError(path, 'no-space', detail)
}

/** What the file system refuses, as the error that says so. */
async function inFileSystem<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw UnwritableFileError.from(path, error)
  }
}
