/** Tells whether folders are still what they were. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isBeingSaved } from './save-marks'

/** How often a folder is read again that is written to meanwhile. */
const ATTEMPTS = 20

/** Milliseconds to wait for a save that replaces files one by one. */
const PAUSE = 250

/** What identifies the files in some folders: another save gives another text. What is not there is part of it. */
async function folderStamp(folders: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    folders.map(async folder => {
      const names = (await readdir(folder).catch(() => [])).sort()
      return [
        await identityOf(folder),
        await Promise.all(names.map(async name => [name, await identityOf(join(folder, name))])),
      ]
    }),
  )
  return JSON.stringify(parts)
}

async function identityOf(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined)
  // Of a folder, other new files in it do not count.
  if (stats?.isDirectory()) return `${stats.dev} ${stats.ino}`
  return stats ? `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs}` : ''
}

/**
 * Reads folders that somebody may save to at the same time: where they changed meanwhile, what was read, or the error, counts for nothing and is read
 * again. Waits for saves that replace files one by one.
 *
 * @param discard gets what was read and does not count
 * @returns what was read, and whether the folders stayed as they were: they may change each time
 * @throws UnfinishedSaveError if a save was cut off, so that a folder holds the files of two
 */
export async function readUnchanged<T>(
  folders: readonly string[],
  read: () => Promise<T>,
  discard: (result: T) => void,
): Promise<{ result: T; isUnchanged: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const isBusy = await isBeingSaved(folders)
    if (isBusy && attempt < ATTEMPTS) {
      await sleep(PAUSE)
      continue
    }
    const before = await folderStamp(folders)
    try {
      const result = await read()
      const isUnchanged = !isBusy && (await folderStamp(folders)) === before
      if (isUnchanged || attempt === ATTEMPTS) return { result, isUnchanged }
      discard(result)
    } catch (error) {
      if (attempt === ATTEMPTS || (await folderStamp(folders)) === before) throw error
    }
  }
}
