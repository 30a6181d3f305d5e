/** Writes a file as a whole or not at all. */
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { clearLeftovers, temporaryBeside } from './leftovers'
import { syncToDisk } from './sync-to-disk'
import { UnwritableFileError } from './unwritable-file-error'

/**
 * Writes chunks to a new file in the same folder and gives it its name when it is complete and on the disk. Whoever reads
 * the file sees the old content or the new, also when the process is killed midway; what it then leaves behind goes when the folder is
 * next written to.
 *
 * @throws UnwritableFileError if the folder is missing, may not be written, the disk is full, or the path is a folder; what the chunks throw
 */
export async function writeFileAtomically(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    await refuseFolder(path)
    await clearLeftovers(dirname(path))
    await writeChunks(temporary, chunks)
    await rename(temporary, path)
    await syncToDisk(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw UnwritableFileError.from(path, error)
  }
}

/** Renaming onto a folder fails under another name on each system, so it is asked beforehand. */
async function refuseFolder(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    stats => stats.isDirectory(),
    () => false,
  )
  if (isFolder) throw new UnwritableFileError(path, 'is-folder', 'this is a folder. Give the name of a file.')
}

async function writeChunks(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
