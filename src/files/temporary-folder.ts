/** Folders below the temporary folder of the system. Their names hold the number of their process, so that the next process can remove those of killed ones. */
import { createHash, randomUUID } from 'node:crypto'
import { readlinkSync, realpathSync } from 'node:fs'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from './leftovers'
import { UnwritableFileError } from './unwritable-file-error'

/** What a temporary folder is for. */
export type TemporaryPurpose = 'decoded' | 'fused' | 'push' | 'results' | 'weights' | 'worker'

/** Identifies machines, and containers on one machine, that share a temporary folder. A process number is valid inside of one of them only. */
const MACHINE = createHash('sha256').update(`${hostname()}\0${processNamespace()}`).digest('hex').slice(0, 8)

const NAME = new RegExp(`^tesserae-[a-z]+-${MACHINE}-(\\d+)-[0-9a-f-]{36}$`)

/**
 * When this process started, in milliseconds. In a container, each process has the number of the killed one before it: what is older is not of this one.
 * The minute allows for clocks that are set.
 */
const STARTED = Date.now() - process.uptime() * 1000 - 60_000

/** Returns the path of a temporary folder that does not exist yet. {@link createTemporaryFolder} makes it. */
export function planTemporaryFolder(purpose: TemporaryPurpose): string {
  return join(temporaryRoot(), `tesserae-${purpose}-${MACHINE}-${process.pid}-${randomUUID()}`)
}

/** Makes a temporary folder for this user alone, and removes those of processes that ended without removing them. @throws UnwritableFileError */
export async function createTemporaryFolder(path: string): Promise<void> {
  await clearTemporaryFolders()
  await mkdir(path, { mode: 0o700 }).catch(error => {
    throw UnwritableFileError.from(path, error)
  })
}

/** Makes a temporary folder as {@link createTemporaryFolder} does, and returns its path. @throws UnwritableFileError */
export async function makeTemporaryFolder(purpose: TemporaryPurpose): Promise<string> {
  const path = planTemporaryFolder(purpose)
  await createTemporaryFolder(path)
  return path
}

/** Removes the folders of processes that were killed: one may be as large as a model. Skips what cannot be removed. */
async function clearTemporaryFolders(): Promise<void> {
  const root = temporaryRoot()
  for (const name of await readdir(root).catch(() => [])) {
    const [, pid] = NAME.exec(name) ?? []
    if (pid === undefined) continue
    const path = join(root, name)
    if (await isAbandoned(path, Number(pid))) await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Whether a folder belongs to this user and its process has ended. Others may put anything into the temporary folder. */
async function isAbandoned(path: string, pid: number): Promise<boolean> {
  if (pid !== process.pid && isRunning(pid)) return false
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isDirectory() !== true || (process.getuid !== undefined && stats.uid !== process.getuid())) return false
  return pid !== process.pid || stats.mtimeMs < STARTED
}

/** Returns the temporary folder of the system. If it is missing, making a folder in it fails with the reason. */
function temporaryRoot(): string {
  const folder = tmpdir()
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

/** Linux numbers processes for each namespace separately. */
function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
