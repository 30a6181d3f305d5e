/** Marks folders whose files are replaced one by one: until all are, the files of two saves lie side by side. */
import { readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UnfinishedSaveError } from '../errors/unfinished-save-error'
import { isRunning, saveMarkIn, saverOf } from './leftovers'
import { statIfThere } from './stat-if-there'

/** Marks of saves of this process that failed. */
const failed = new Set<string>()

/** Milliseconds by which the clock of a file system may differ. */
const TOLERANCE = 2000

/** A process that saves touches its marks this often, in milliseconds. */
const HEARTBEAT = 5_000

/**
 * Milliseconds after which an untouched mark counts as abandoned, even if a process with its number runs. In a
 * container, each process has the number of the one before it. The clock of another machine may differ by more than
 * this one's.
 */
const ABANDONED_AFTER = { here: 60_000, elsewhere: 60 * 60_000 }

/**
 * Replaces files in folders that are marked meanwhile. The marks stay if the process ends in between, or if the work fails: {@link isBeingSaved} then
 * tells readers. A later save that succeeds removes them.
 *
 * @param folders those that files are replaced in; they are there
 */
export async function whileMarked(folders: Iterable<string>, work: () => Promise<void>): Promise<void> {
  const marked = [...new Set(folders)]
  const marks = marked.map(saveMarkIn)
  const heartbeat = setInterval(() => void touch(marks), HEARTBEAT).unref()
  try {
    for (const mark of marks) await writeFile(mark, '')
    await work()
  } catch (error) {
    for (const mark of marks) failed.add(mark)
    throw error
  } finally {
    clearInterval(heartbeat)
  }
  for (const mark of marks) await rm(mark, { force: true })
  for (const folder of marked) await removeAbandoned(folder)
}

/** Shows that the save continues. A mark that cannot be touched counts as abandoned later, which an error tells. */
async function touch(marks: readonly string[]): Promise<void> {
  const now = new Date()
  for (const mark of marks) await utimes(mark, now, now).catch(() => undefined)
}

/** Removes the marks of saves that were cut off: all of what they wrote has been replaced. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const mark = join(folder, name)
    if (!hasEnded(mark, name)) continue
    failed.delete(mark)
    await rm(mark, { force: true })
  }
}

/**
 * Whether somebody replaces files in one of the folders now.
 *
 * @throws UnfinishedSaveError if a process ended before it had replaced them all
 */
export async function isBeingSaved(folders: Iterable<string>): Promise<boolean> {
  let isBeing = false
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (saverOf(name) === undefined) continue
      if (hasEnded(join(folder, name), name)) throw new UnfinishedSaveError(folder, name)
      isBeing = true
    }
  }
  return isBeing
}

/** Whether a mark is of a save that has ended without removing it. */
function hasEnded(mark: string, name: string): boolean {
  const saver = saverOf(name)
  if (saver === undefined) return false
  if (failed.has(mark)) return true
  const touched = statIfThere(mark)?.mtimeMs
  const limit = saver.isHere ? ABANDONED_AFTER.here : ABANDONED_AFTER.elsewhere
  if (touched !== undefined && Date.now() - touched > limit) return true
  if (!saver.isHere) return false
  if (saver.pid !== process.pid) return !isRunning(saver.pid)
  // Other threads of this process have marks that are not known here.
  const started = Date.now() - 1000 * process.uptime()
  return touched !== undefined && touched < started - TOLERANCE
}
