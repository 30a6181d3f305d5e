/** Checks contents against the names that the Hub gives them: SHA-256 for large files, git's hash for the others. */
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

/**
 * The hash that an etag is made with, ready for the content; `undefined` where the etag is none, or where the size that git's needs is not known.
 */
export function hashFor(etag: string, size: number | undefined): Hash | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return createHash('sha256')
  if (/^[0-9a-f]{40}$/.test(etag) && size !== undefined) return createHash('sha1').update(`blob ${size}\0`)
  return undefined
}

/** Takes the first bytes of an open file into a hash, which stays open. @throws the reason of the signal */
export async function updateFromFile(hash: Hash, file: FileHandle, bytes: number, signal?: AbortSignal): Promise<void> {
  if (bytes === 0) return
  for await (const chunk of file.createReadStream({
    start: 0,
    end: bytes - 1,
    highWaterMark: 1 << 20,
    autoClose: false,
  })) {
    signal?.throwIfAborted()
    hash.update(chunk as Buffer)
  }
}
