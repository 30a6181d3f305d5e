/** Puts one file in the place of another, or writes into it where it cannot be moved. */
import { constants } from 'node:fs'
import { copyFile, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { syncToDisk } from './sync-to-disk'

/** What systems answer where something is a mount point, is on another file system, or in a read-only layer of one. */
const IMMOVABLE = new Set(['EXDEV', 'EBUSY', 'EPERM', 'EACCES', 'EROFS', 'ENOTSUP', 'EINVAL'])

/** Whether a move failed because of where the file or folder lies: its content can still be copied. */
export function isImmovable(error: unknown): boolean {
  return IMMOVABLE.has((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}

/** Where an absolute path leads: behind links, also behind one to a file that is not there yet. */
export async function placeBehindLinks(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  // What lies behind /dev/stdout has no name of its own.
  if (isThere) return realpath(path).catch(() => path)
  let place = path
  // As many links as Linux follows.
  for (let links = 0; links < 40; links++) {
    const target = await readlink(place).catch(() => undefined)
    if (target === undefined) return place
    place = resolve(dirname(place), target)
  }
  return place
}

/**
 * Gives a file the name of another. Where that cannot be renamed over, e.g. a file that is mounted by itself, its content is replaced: then a reader, or
 * a crash, may see part of it.
 */
export async function replaceFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!isImmovable(error) || (await stat(to).catch(() => undefined))?.isFile() !== true) throw error
    await copyFile(from, to)
    await syncToDisk(to)
    await rm(from, { force: true })
  }
}

/** Writes chunks into what is there: a device, a pipe, or a file in a folder that may not be written. */
export async function writeInto(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const { O_WRONLY, O_TRUNC, O_NONBLOCK = 0 } = constants
  // A pipe that nobody reads would hold up a thread forever: opened so, it is refused.
  const probe = await open(path, O_WRONLY | O_NONBLOCK)
  try {
    const handle = await open(path, O_WRONLY | O_TRUNC)
    try {
      for await (const chunk of chunks) await handle.writeFile(chunk)
      await handle.sync().catch(() => undefined)
    } finally {
      await handle.close()
    }
  } finally {
    await probe.close()
  }
}
