/** Writes a file whose name nobody has read yet. */
import { open, rename, rm } from 'node:fs/promises'
import { temporaryBeside } from '../../src/files/leftovers'

/**
 * Writes a file under another name and gives it its own: a reader sees nothing, or the whole.
 *
 * @param isDurable whether the promise resolves when content and name are on the disk. Both are synced at once, which
 * takes half the time. A loss of power in between may leave the name without the content; the job has not ended then.
 */
export async function writeNewFile(path: string, bytes: Uint8Array, isDurable: boolean): Promise<void> {
  const temporary = temporaryBeside(path)
  const file = await open(temporary, 'wx')
  try {
    await file.writeFile(bytes)
    await rename(temporary, path)
    if (isDurable) await file.sync()
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  } finally {
    await file.close()
  }
}
