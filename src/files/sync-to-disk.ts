/** Makes sure that what was written survives a loss of power. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Some systems refuse to open folders, and some file systems to sync them: nothing more can be done there. */
const REFUSALS = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'])

/** Brings a file, or the list of names in a folder, to the disk. */
export async function syncToDisk(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!REFUSALS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Brings a folder with all that is in it to the disk. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await syncTree(path)
    else if (entry.isFile()) await syncToDisk(path)
  }
  await syncToDisk(folder)
}
