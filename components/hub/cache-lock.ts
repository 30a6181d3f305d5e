/** Lets one process at a time fetch a file. Counterpart: huggingface_hub utils/_fixes.py (WeakFileLock), which Node.js has no system call for. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { clearLeftovers, isRunning, temporaryBeside } from '../../src/files/leftovers'
import { readText } from '../../src/files/read-text'

/** The holder shows this often, in milliseconds, that it is alive. */
const HEARTBEAT = 5_000
/** A lock that has not been touched for so long belongs to nobody. */
const STALE = 60_000
const POLL = 100

/**
 * Does some work while no other process, and nothing else in this one, holds the lock. A lock whose process has ended is taken over.
 * That the files are whole does not depend on it: it only saves fetching one twice.
 *
 * @throws the reason of the signal; what the work throws; the file system's error where the lock cannot be made
 */
export async function withCacheLock<T>(
  file: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true })
  await clearLeftovers(dirname(file))
  const mine = `${process.pid} ${hostname()} ${randomUUID()}`
  const other = new OtherHolder(file)
  while (!(await take(file, mine))) {
    if (await other.isGone()) await remove(file)
    else await sleep(POLL, undefined, signal && { signal }).catch(() => signal?.throwIfAborted())
    signal?.throwIfAborted()
  }
  const heartbeat = setInterval(() => void touch(file), HEARTBEAT).unref()
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    if ((await ownerOf(file)) === mine) await rm(file, { force: true }).catch(() => undefined)
  }
}

/** Makes the lock with its owner's name in it: a process that is killed in between leaves none that names nobody. */
async function take(file: string, owner: string): Promise<boolean> {
  const aside = temporaryBeside(file)
  try {
    await writeFile(aside, owner, { flag: 'wx' })
    // Some file systems have no second names; there, two files at once are the smaller harm.
    await link(aside, file).catch(error => (isTaken(error) ? Promise.reject(error) : rename(aside, file)))
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  } finally {
    await rm(aside, { force: true }).catch(() => undefined)
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST'
}

/** The process that holds a lock that others wait for. */
class OtherHolder {
  private lastTouch = Number.NaN
  private seenAt = 0

  constructor(private readonly file: string) {}

  /** Whether nobody holds the lock any more, though it is there. */
  async isGone(): Promise<boolean> {
    const stats = await stat(this.file).catch(() => undefined)
    if (stats === undefined) return false
    if (stats.mtimeMs !== this.lastTouch) {
      this.lastTouch = stats.mtimeMs
      this.seenAt = performance.now()
    }
    if (Date.now() - stats.mtimeMs > STALE) return true
    // Where a clock was set back, or another machine's is fast, a lock may be from tomorrow: it too must be touched while we wait.
    if (performance.now() - this.seenAt > STALE) return true
    const [pid, host] = ((await ownerOf(this.file)) ?? '').split(' ')
    return host === hostname() && !isRunning(Number(pid))
  }
}

/** Of several that find the lock abandoned, one moves it away. */
async function remove(file: string): Promise<void> {
  const aside = temporaryBeside(file)
  await rename(file, aside).catch(() => undefined)
  await rm(aside, { force: true }).catch(() => undefined)
}

async function ownerOf(file: string): Promise<string | undefined> {
  return readText(file).catch(() => undefined)
}

async function touch(file: string): Promise<void> {
  const now = new Date()
  await utimes(file, now, now).catch(() => undefined)
}
