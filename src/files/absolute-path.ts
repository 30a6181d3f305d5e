/** Absolute paths. */
import { resolve } from 'node:path'
import { CurrentFolderError } from '../errors/current-folder-error'

/**
 * Returns a path as an absolute one: relative to the folder that the process works in now.
 *
 * @throws CurrentFolderError for a relative path if that folder was removed
 */
export function absolutePath(path: string): string {
  try {
    return resolve(path)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === 'uv_cwd' ? new CurrentFolderError(path, error) : error
  }
}
