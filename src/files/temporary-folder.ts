/** Folders below the temporary folder of the system. Their names say which process they belong to, so that the next one can remove those of killed ones. */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from './leftovers'
import { UnwritableFileError } from './unwritable-file-error'

/** What a temporary folder is for. */
export type TemporaryPurpose = 'decoded' | 'fused' | 'push' | 'results' | 'weights' | 'worker'

/** Identifies machines, and containers on one machine, that share a temporary folder. A process number is valid inside of one of them only. */
const MACHINE = createHash('sha256').update(`${hostname()}\0${processNamespace()}`).digest('hex').slice(0, 8)

const NAME = new RegExp(`^tesserae-[a-z]+-${MACHINE}-(\\d+)\\.(\\d*)-[0-9a-f-]{36}$`)

/** When this process started. In a container, each process has the number of the killed one before it. */
const STARTED = startOf('self') ?? ''

/** Returns the path of a temporary folder that does not exist yet. {@link createTemporaryFolder} makes it. */
export function planTemporaryFolder(purpose: TemporaryPurpose): string {
  return join(temporaryRoot(), `tesserae-${purpose}-${MACHINE}-${process.pid}.${STARTED}-${randomUUID()}`)
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
    const [, pid, started] = NAME.exec(name) ?? []
    if (pid === undefined || started === undefined || isAlive(Number(pid), started)) continue
    const path = join(root, name)
    if (await isOwnFolder(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Whether a process runs: this one, or another that has not only its number, but started when it did. */
function isAlive(pid: number, started: string): boolean {
  if (pid === process.pid) return started === STARTED
  if (!isRunning(pid)) return false
  const start = startOf(pid)
  return start === undefined || started === '' || start === started
}

/** Whether a path is a folder of this user. Others may put anything into the temporary folder. */
async function isOwnFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isDirectory() === true && (process.getuid === undefined || stats.uid === process.getuid())
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

/** When a process started, counted from the start of the system, so that no clock changes it; `undefined` where the system does not say. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    // The name of the program, in parentheses, may hold spaces; behind it, the start is the 20th field.
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19]
  } catch {
    return undefined
  }
}
