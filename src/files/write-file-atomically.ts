/** Writes a file as a whole or not at all. */

import type { Stats } from 'node:fs'
import { access, constants, type FileHandle, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { absolutePath } from './absolute-path'
import { takePermissions } from './keep-permissions'
import { clearLeftovers, temporaryBeside } from './leftovers'
import { pathOf } from './path-of'
import { isImmovable, placeBehindLinks, replaceFile, writeInto } from './replace-file'
import { syncToDisk } from './sync-to-disk'
import { UnwritableFileError } from './unwritable-file-error'

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Mode of a file that nobody else may open. */
const PRIVATE = 0o600

/**
 * Writes chunks to a new file in the same folder and gives it its name when it is complete and on the disk. Readers see
 * the old content or the new, even if the process is killed midway. The next write to the folder removes what it then
 * leaves behind.
 *
 * A file that is replaced keeps its permissions and owner; behind a link, the file that it leads to is written. Devices and pipes are written to, and so
 * are files that cannot be replaced because they are mounted by themselves, or their folder may not be written.
 *
 * @throws UnwritableFileError if the folder is missing, the file or folder may not be written, the disk is full, or the path is a folder;
 * CurrentFolderError; what the chunks throw
 */
export async function writeFileAtomically(file: string | URL, chunks: Chunks): Promise<void> {
  const path = pathOf(file, 'file')
  let temporary: string | undefined
  const absolute = absolutePath(path)
  try {
    const place = await placeBehindLinks(absolute)
    const old = await stat(place).catch(() => undefined)
    if (old?.isDirectory()) {
      throw new UnwritableFileError(path, 'is-folder', 'this is a folder. Pass the path of a file.')
    }
    if (old && !old.isFile()) return await writeInto(place, chunks)
    // Renaming would replace a file that may not be written.
    if (old) await requireWritable(path, place)
    await clearLeftovers(dirname(place))
    const handle = await openBeside(place, old)
    if (handle === undefined) return await writeInto(place, chunks)
    temporary = handle.path
    await writeChunks(handle.file, chunks)
    if (old) await takePermissions(temporary, old)
    await replaceFile(temporary, place)
    await syncToDisk(dirname(place))
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined)
    throw UnwritableFileError.from(path, error)
  }
}

async function requireWritable(path: string, place: string): Promise<void> {
  await access(place, constants.W_OK).catch(cause => {
    throw new UnwritableFileError(path, 'no-permission', 'no permission to write to this file.', cause)
  })
}

/** A new file beside a place; nothing where only the file that is there may be written. */
async function openBeside(place: string, old: Stats | undefined) {
  const path = temporaryBeside(place)
  try {
    return { path, file: await open(path, 'wx', old ? PRIVATE : undefined) }
  } catch (error) {
    if (old && isImmovable(error)) return undefined
    throw error
  }
}

async function writeChunks(handle: FileHandle, chunks: Chunks): Promise<void> {
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
