/** Writes a folder of files as a whole or not at all. */

import { randomUUID } from 'node:crypto'
import type { Dirent } from 'node:fs'
import {
  access,
  chmod,
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
} from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { emitWarning } from '../errors/emit-warning'
import { absolutePath } from './absolute-path'
import { currentFolder } from './current-folder'
import { exchangeFolders } from './exchange-folders'
import { takePermissions, takePermissionsInside } from './keep-permissions'
import { clearLeftovers, recoverFolder, saverOf, setAsideBeside, temporaryBeside } from './leftovers'
import { mountPointsIn } from './mount-points'
import { pathOf } from './path-of'
import { isImmovable } from './replace-file'
import { syncToDisk, syncTree } from './sync-to-disk'
import { UnwritableFileError } from './unwritable-file-error'
import { mustStayInPlace, writeInPlace } from './write-in-place'

const KIND_ADVICE = {
  folder: 'this is a folder in the place of a file. Move or remove it first.',
  file: 'this is a file in the place of a folder. Move or remove it first.',
}

/** How {@link writeFolderAtomically} treats what is there. */
export interface WriteFolderOptions {
  /**
   * Names of files by which readers know such a folder, the one that is written now first. A folder that has one of them is replaced in one step. In
   * any other, what is new takes its place entry by entry, the first of these last: nobody takes the folder for complete before.
   */
  markers: readonly string[]
  /** Whether a file of the old folder, by its path with `/`, has no place beside the new ones. All other files stay. Default: none. */
  replaces?: (file: string) => boolean
}

/**
 * Lets `fill` write into a new folder beside the target, and puts it in the target's place once all of it is on the disk. A reader of the target
 * sees the old or the new, also when the process is killed midway. Files of the old folder that were not written again stay.
 *
 * Some systems cannot swap two folders in one step (see `exchangeFolders()`). There, a process that is killed
 * between two moves leaves the old folder set aside. `recoverFolder()`, which reading and saving call, puts it
 * back.
 *
 * A folder that cannot be exchanged is written file by file. That is so where volumes are mounted, in lower layers of
 * overlay file systems, behind links inside of it, or if its parent folder is read-only. Each file is then the old or
 * the new one at every moment, but not all of them together.
 *
 * Files and folders that are replaced keep their permissions and owner. Warns (`OLD_FOLDER_KEPT`) if files that others add to the old folder during the save
 * cannot be moved into the new one: the old folder then stays beside it.
 *
 * @throws UnwritableFileError if the target is a file, may not be written, or the disk is full; CurrentFolderError; what `fill` throws
 */
export async function writeFolderAtomically(
  folder: string | URL,
  fill: (folder: string) => Promise<void>,
  options: WriteFolderOptions,
): Promise<void> {
  const path = pathOf(folder, 'folder')
  let created: string | undefined
  let staging: string | undefined
  const place = absolutePath(path)
  try {
    const target = await placeOf(place)
    const parent = dirname(target)
    created = await mkdir(parent, { recursive: true })
    await clearLeftovers(parent)
    staging = await makeStaging(target)
    await fill(staging)
    await syncTree(staging)
    const here = currentFolder()
    await putInPlace(staging, target, options)
    if (here !== undefined) stayIn(here, target)
  } catch (error) {
    if (staging) await rm(staging, { recursive: true, force: true }).catch(() => undefined)
    if (created) await removeEmpty(dirname(place), created)
    throw UnwritableFileError.from(path, withTargetPath(error, staging, path))
  }
}

/** An error about a file of the folder, by the name that the file would have had. */
function withTargetPath(error: unknown, staging: string | undefined, path: string): unknown {
  if (!(error instanceof UnwritableFileError) || staging === undefined) return error
  const file = relative(staging, error.file)
  return file.startsWith('..') ? error : UnwritableFileError.fromSystemError(join(path, file), error.cause ?? error)
}

/** Where the folder is, or is to be: behind a link, what the link leads to. */
async function placeOf(path: string): Promise<string> {
  recoverFolder(path)
  const stats = await stat(path).catch(() => undefined)
  if (stats === undefined) {
    const link = await lstat(path).catch(() => undefined)
    if (!link?.isSymbolicLink()) return path
    throw new UnwritableFileError(
      path,
      'missing-folder',
      'this is a link to a missing file. Remove it, or create its target.',
    )
  }
  if (!stats.isDirectory()) throw new UnwritableFileError(path, 'is-file', 'this is a file. Pass the path of a folder.')
  // Its parent's permissions decide whether it can be replaced, its own whether it may be.
  await access(path, constants.W_OK)
  return realpath(path)
}

/** A new folder beside the target, or inside of it if the parent folder cannot be written to. Other users may not look into it. */
async function makeStaging(target: string): Promise<string> {
  const beside = temporaryBeside(target)
  const isThere = (await stat(target).catch(() => undefined)) !== undefined
  try {
    if (!(isThere && (await mountPointsIn(target)).has(target))) {
      await mkdir(beside, 0o700)
      return beside
    }
  } catch (error) {
    if (!isThere || !isImmovable(error)) throw error
  }
  await clearLeftovers(target)
  const inside = temporaryBeside(join(target, 'new'))
  await mkdir(inside, 0o700)
  return inside
}

async function putInPlace(staging: string, target: string, options: WriteFolderOptions): Promise<void> {
  const old = await readdir(target).catch(() => undefined)
  if (old === undefined) {
    await chmod(staging, 0o777 & ~process.umask())
    // Another process may have put one there since.
    if (await renamed(staging, target)) await syncToDisk(dirname(target))
    else await putInPlace(staging, target, options)
    return
  }
  await refuseOtherKinds(staging, target)
  const inPlace = async () => {
    await writeInPlace(staging, target, { last: options.markers[0], replaces: options.replaces ?? (() => false) })
    await rm(staging, { recursive: true, force: true })
  }
  if (dirname(staging) === target || (await mustStayInPlace(staging, target))) return inPlace()
  try {
    await takePermissionsInside(staging, target)
    if (old.some(name => options.markers.includes(name))) await replaceFolder(staging, target, options.replaces)
    else await moveEntries(staging, target, options)
  } catch (error) {
    if (!isImmovable(error)) throw error
    await inPlace()
  }
  await syncToDisk(dirname(target))
}

/** Moves a folder to a name that nothing has; `false` if there is a folder of that name, in which there is something. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** A process that works in the folder, or in one of its folders, works in the new one from now on: the old one is gone. */
function stayIn(here: string, target: string): void {
  if (relative(target, here).startsWith('..')) return
  try {
    process.chdir(here)
  } catch {
    // The new one lacks that folder, or this is a thread, which has no say in it.
  }
}

/** Puts a folder in the place of another, with those files of the other that are to stay. */
async function replaceFolder(
  staging: string,
  target: string,
  replaces: WriteFolderOptions['replaces'],
  prefix = '',
): Promise<void> {
  const keep = (from: string, to: string) => keepOthers(from, to, file => replaces?.(prefix + file) ?? false)
  await keep(target, staging)
  await takePermissions(staging, await stat(target))
  if (await exchangeFolders(staging, target)) return keepLate(staging, target, keep)
  const aside = setAsideBeside(target)
  await rename(target, aside)
  try {
    await rename(staging, target)
  } catch (error) {
    await rename(aside, target)
    throw error
  }
  return keepLate(aside, target, keep)
}

/**
 * Keeps what others have put into the old folder in the meantime, and removes the rest of it. The new folder is in its place: what fails here is a
 * warning, and the old folder stays under a name that nobody clears away.
 */
async function keepLate(old: string, target: string, keep: (from: string, to: string) => Promise<void>): Promise<void> {
  try {
    await keep(old, target)
  } catch (error) {
    const kept = `${target}.before-${randomUUID().slice(0, 8)}`
    const place = await rename(old, kept).then(
      () => kept,
      () => old,
    )
    emitWarning(
      'OLD_FOLDER_KEPT',
      `${target} was saved, but files that were added to it meanwhile cannot be moved into the new folder (${(error as Error).message}). ` +
        `The old folder is kept as ${place}. Move what you need from there and remove it.`,
    )
    return
  }
  await rm(old, { recursive: true, force: true }).catch(() => undefined)
}

/** @throws UnwritableFileError, before anything is moved, where a folder is in the place of a new file, or a file in that of a new folder */
async function refuseOtherKinds(staging: string, target: string): Promise<void> {
  for (const entry of await readdir(staging, { withFileTypes: true })) {
    const place = join(target, entry.name)
    const old = await stat(place).catch(() => undefined)
    if (old === undefined) continue
    if (!entry.isDirectory()) {
      if (old.isDirectory()) throw new UnwritableFileError(place, 'is-folder', KIND_ADVICE.folder)
    } else {
      if (!old.isDirectory()) throw new UnwritableFileError(place, 'is-file', KIND_ADVICE.file)
      await refuseOtherKinds(join(staging, entry.name), place)
    }
  }
}

/** Moves what is new into a folder that is something else besides. */
async function moveEntries(
  staging: string,
  target: string,
  { markers: [last], replaces }: WriteFolderOptions,
): Promise<void> {
  const entries = await readdir(staging, { withFileTypes: true })
  entries.sort((a, b) => Number(a.name === last) - Number(b.name === last))
  for (const entry of entries) {
    const [from, to] = [join(staging, entry.name), join(target, entry.name)]
    const isFolderThere = entry.isDirectory() && (await stat(to).catch(() => undefined))?.isDirectory()
    if (entry.name === last) await syncToDisk(target)
    if (isFolderThere) await replaceFolder(from, to, replaces, `${entry.name}/`)
    else await rename(from, to)
  }
  await syncToDisk(target)
  // Where an old folder is kept in it, it is not empty.
  await rmdir(staging).catch(() => undefined)
}

/** Gives one folder the files of another that it lacks, by a second name where that is possible. */
async function keepOthers(from: string, to: string, replaces: (file: string) => boolean, prefix = ''): Promise<void> {
  const there = new Set(await readdir(to))
  for (const entry of await readdir(from, { withFileTypes: true })) {
    // What was marked has been replaced as a whole.
    if (saverOf(entry.name)) continue
    const file = prefix + entry.name
    const [source, copy] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) {
      if (!there.has(entry.name)) await mkdir(copy)
      else if (!(await stat(copy)).isDirectory()) continue
      await keepOthers(source, copy, replaces, `${file}/`)
    } else if (!there.has(entry.name) && !replaces(file)) {
      await link(source, copy).catch(() => copyEntry(source, copy, entry))
    }
  }
}

/** Copies what cannot have a second name. Reading a pipe would wait for its other end, and a device may have none. */
async function copyEntry(source: string, copy: string, entry: Dirent): Promise<void> {
  if (entry.isSymbolicLink()) return symlink(await readlink(source), copy)
  if (entry.isFile()) return copyFile(source, copy)
  const detail =
    'this is a pipe, a device or a socket, which cannot be kept in the new folder. Move it elsewhere first.'
  throw new UnwritableFileError(source, 'failed', detail)
}

/** Removes folders that were made for a target that did not come. */
async function removeEmpty(from: string, first: string): Promise<void> {
  for (let folder = from; folder.length >= first.length; folder = dirname(folder)) {
    if (
      !(await rmdir(folder)
        .then(() => true)
        .catch(() => false))
    )
      return
  }
}
