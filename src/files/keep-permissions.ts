/** Gives what takes the place of a file or folder the same permissions and owner. */
import type { Stats } from 'node:fs'
import { chmod, chown, lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The bits of a mode that say who may do what. */
const PERMISSIONS = 0o7777

/** Gives a file or folder the permissions, and where that is allowed the owner, of another. */
export async function takePermissions(path: string, of: Stats): Promise<void> {
  const own = await stat(path)
  // First, as it removes some bits of the mode. Only the root user may give files away.
  if (own.uid !== of.uid || own.gid !== of.gid) await chown(path, of.uid, of.gid).catch(() => undefined)
  await chmod(path, of.mode & PERMISSIONS)
}

/** Gives the files and folders inside of a folder the permissions of those of the same name inside of another. */
export async function takePermissionsInside(folder: string, old: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const [path, other] = [join(folder, entry.name), join(old, entry.name)]
    const stats = await lstat(other).catch(() => undefined)
    if (stats === undefined || stats.isDirectory() !== entry.isDirectory() || stats.isSymbolicLink()) continue
    if (entry.isDirectory()) await takePermissionsInside(path, other)
    await takePermissions(path, stats)
  }
}
