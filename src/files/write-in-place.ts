/** Brings new files into a folder that cannot be exchanged as a whole, file by file. */
import { copyFile, link, lstat, mkdir, readdir, realpath, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { takePermissions } from './keep-permissions'
import { clearLeftovers, temporaryBeside } from './leftovers'
import { mountPointsIn } from './mount-points'
import { placeBehindLinks, replaceFile } from './replace-file'
import { whileMarked } from './save-marks'
import { syncToDisk } from './sync-to-disk'

/** Where the contents of files in the cache of the Hub lie: a link to one stands for what was downloaded, which no save may change. */
const HUB_BLOB = /[\\/]blobs[\\/][0-9a-f]{40,64}$/

/** A file that is ready to take its place. */
interface Move {
  from: string
  to: string
}

/**
 * Whether some of a folder must be written in place. It is a mount point or holds some, or the files to write are
 * behind links or on another device. If the folder were exchanged, they would be left behind.
 */
export async function mustStayInPlace(staging: string, target: string): Promise<boolean> {
  const mounts = await mountPointsIn(target)
  return mounts.size > 0 || hasOtherPlaces(staging, target, (await stat(target)).dev)
}

async function hasOtherPlaces(staging: string, target: string, device: number): Promise<boolean> {
  for (const entry of await readdir(staging, { withFileTypes: true })) {
    const place = join(target, entry.name)
    const stats = await lstat(place).catch(() => undefined)
    if (stats === undefined) continue
    if (stats.isSymbolicLink() ? await isWrittenThrough(place) : stats.dev !== device) return true
    const isFolder = entry.isDirectory() && stats.isDirectory()
    if (isFolder && (await hasOtherPlaces(join(staging, entry.name), place, device))) return true
  }
  return false
}

/** Whether what is written to a link goes where it leads, as in Python. */
async function isWrittenThrough(link: string): Promise<boolean> {
  const place = await realpath(link).catch(() => undefined)
  return place !== undefined && !HUB_BLOB.test(place)
}

/**
 * Moves the files of one folder to their places in another, `last` of them last. Everything is copied to the file systems that it belongs to before
 * anything is moved, so that a full disk changes nothing. Then one file after the other is replaced: each is at every moment the old or the new one,
 * but not all of them together. The folders are marked meanwhile, so that readers wait, and know of a save that was cut off.
 *
 * @param replaces whether a file of the folder, by its path with `/`, has no place beside the new ones
 */
export async function writeInPlace(
  staging: string,
  target: string,
  { last, replaces }: { last: string | undefined; replaces: (file: string) => boolean },
): Promise<void> {
  const folders: Move[] = []
  const files: Move[] = []
  const stale: string[] = []
  const temporary: string[] = []

  const plan = async (from: string, to: string, prefix: string): Promise<void> => {
    const entries = await readdir(from, { withFileTypes: true })
    const names = new Set(entries.map(({ name }) => name))
    for (const old of await readdir(to).catch(() => [])) {
      if (!names.has(old) && replaces(prefix + old)) stale.push(join(to, old))
    }
    entries.sort((a, b) => Number(prefix + a.name === last) - Number(prefix + b.name === last))
    for (const entry of entries) {
      const source = join(from, entry.name)
      const place = await writtenPlace(join(to, entry.name))
      const old = await stat(place).catch(() => undefined)
      if (entry.isDirectory()) {
        if (!old?.isDirectory()) folders.push({ from: source, to: place })
        await plan(source, place, `${prefix}${entry.name}/`)
        continue
      }
      const ready = await bringNear(source, place)
      temporary.push(ready)
      if (old?.isFile()) await takePermissions(ready, old)
      files.push({ from: ready, to: place })
    }
  }

  try {
    await plan(staging, target, '')
    for (const { to } of folders) await mkdir(to, { recursive: true })
    const written = new Set([target, ...files.map(({ to }) => dirname(to))])
    await whileMarked(written, async () => {
      for (const move of files) {
        if (move.to === join(target, String(last))) await syncToDisk(target)
        await replaceFile(move.from, move.to)
      }
      for (const file of stale) await rm(file, { force: true })
      for (const folder of written) await syncToDisk(folder)
    })
  } finally {
    for (const file of temporary) await rm(file, { force: true }).catch(() => undefined)
  }
}

async function writtenPlace(path: string): Promise<string> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isSymbolicLink() && (await isWrittenThrough(path)) ? placeBehindLinks(path) : path
}

/** The file under a name on the file system of its place: by a link, which fails where moving would fail, or as a copy. */
async function bringNear(file: string, place: string): Promise<string> {
  let folder = dirname(place)
  while (!(await stat(folder).catch(() => undefined))?.isDirectory() && dirname(folder) !== folder) {
    folder = dirname(folder)
  }
  await clearLeftovers(folder)
  const near = temporaryBeside(join(folder, 'new'))
  try {
    await link(file, near)
  } catch {
    await copyFile(file, near)
    await syncToDisk(near)
  }
  return near
}
