/** Names of files and folders that are not finished yet, and what to do with those that a killed process has left behind. */
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, renameSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { statIfThere } from './stat-if-there'

/** Tells machines apart that share a folder: a process number says something on its own machine alone. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

const NAME = /^\.tesserae-([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.(?:tmp|old-(.+))$/s
const MARK = /^\.tesserae-([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.saving$/

/**
 * Milliseconds after which an untouched leftover counts as abandoned, even if a process with the number in its name
 * runs. In a container, each process has the number of the killed one before it. Setting a folder aside takes a moment.
 */
const ABANDONED_AFTER = { unfinished: 24 * 60 * 60_000, setAside: 60_000 }

/** Folders that this process has looked through. */
const cleared = new Set<string>()

/** A path beside another for what is to take its place. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.tesserae-${HOST}-${process.pid}-${randomUUID()}.tmp`)
}

/** A path beside a folder where it waits while another takes its place; {@link recoverFolder} knows it. */
export function setAsideBeside(path: string): string {
  return join(dirname(path), `.tesserae-${HOST}-${process.pid}-${randomUUID()}.old-${basename(path)}`)
}

/** A path in a folder for the mark that its files are being replaced one by one. */
export function saveMarkIn(folder: string): string {
  return join(folder, `.tesserae-${HOST}-${process.pid}-${randomUUID()}.saving`)
}

/** The process that left a mark of a save; `undefined` for any other name. */
export function saverOf(name: string): { readonly isHere: boolean; readonly pid: number } | undefined {
  const [, host, pid] = MARK.exec(name) ?? []
  return host === undefined ? undefined : { isHere: host === HOST, pid: Number(pid) }
}

/** Whether a file or folder of that name is one that is not finished, that waits to be put back, or the mark of a save. */
export function isLeftover(name: string): boolean {
  return NAME.test(name) || MARK.test(name)
}

/**
 * Removes what processes that are no more have left in a folder, and puts a folder back that was set aside when its process ended. Looks once at
 * each folder. Nothing depends on it: what cannot be removed stays.
 */
export async function clearLeftovers(folder: string): Promise<void> {
  if (cleared.has(folder)) return
  cleared.add(folder)
  for (const { name, original } of leftoversAmong(folder, await readdir(folder).catch(() => []))) {
    const path = join(folder, name)
    if (original !== undefined && !pathExists(join(folder, original))) {
      await rename(path, join(folder, original)).catch(() => undefined)
    } else {
      await rm(path, { recursive: true, force: true }).catch(() => undefined)
    }
  }
}

/** Puts a folder back in its place if the process that was replacing it ended between its two moves. Does nothing to a folder that exists. */
export function recoverFolder(path: string): void {
  if (pathExists(path)) return
  try {
    const folder = dirname(path)
    const found = leftoversAmong(folder, readdirSync(folder)).find(({ original }) => original === basename(path))
    if (found) renameSync(join(folder, found.name), path)
  } catch {
    // The next reader of the folder reports that it is missing.
  }
}

function leftoversAmong(folder: string, names: readonly string[]): { name: string; original: string | undefined }[] {
  return names.flatMap(name => {
    const [, host, pid, original] = NAME.exec(name) ?? []
    if (host !== HOST) return []
    const limit = original === undefined ? ABANDONED_AFTER.unfinished : ABANDONED_AFTER.setAside
    return !isRunning(Number(pid)) || isOlderThan(limit, join(folder, name)) ? [{ name, original }] : []
  })
}

/** Whether a file or folder was last changed, or renamed, longer ago. */
function isOlderThan(limit: number, path: string): boolean {
  const stats = statIfThere(path)
  return stats !== undefined && Date.now() - stats.ctimeMs > limit
}

/** Whether there is a process of that number on this machine. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // A process of another user answers with EPERM.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function pathExists(path: string): boolean {
  return statIfThere(path) !== undefined
}
