/** Which files of a folder go to the Hub. */
import { access, constants, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isLeftover } from '../../src/files/leftovers'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import { UnreadableFileError } from '../files/unreadable-file-error'
import { filterNames } from './file-patterns'

/** What belongs to tools, and to nobody else. */
const OF_TOOLS = ['.git', '.cache', '__pycache__', '.DS_Store', 'node_modules']

/** Which of the files. */
export interface UploadPatterns {
  /** Only files that one of these matches, e.g. `*.json`. Default: all. */
  allowPatterns?: string | readonly string[] | undefined
  /** No files that one of these matches. */
  ignorePatterns?: string | readonly string[] | undefined
}

/**
 * The paths of all files in a folder, with `/`. Links are followed: snapshots of the cache are made of them. What belongs to tools is left out, and so is
 * what is not written to its end.
 *
 * @throws MissingFileError for a folder that is not there, or holds nothing to upload; UnreadableFileError for a link
 * to nothing, a link in a loop, and
 * what may not be read
 */
export async function filesToUpload(folder: string, patterns: UploadPatterns = {}): Promise<string[]> {
  const names = await listFolder(folder)
  const all = names === undefined ? [] : await filesIn(folder, '', [])
  const found = filterNames(all, patterns.allowPatterns, patterns.ignorePatterns)
  if (found.length === 0) throw new MissingFileError(folder, ['files to upload'], names)
  return found.sort()
}

/** @param parents the folders that this one is in, where they really are */
async function filesIn(folder: string, prefix: string, parents: readonly string[]): Promise<string[]> {
  const here = await readable(folder, () => realpath(folder))
  if (parents.includes(here)) throw new UnreadableFileError(folder, 'it is a link to a folder that it is in.')
  const found: string[] = []
  for (const name of await readable(folder, () => readdir(folder))) {
    if (OF_TOOLS.includes(name) || isLeftover(name)) continue
    const path = join(folder, name)
    const stats = await readable(path, () => stat(path))
    if (stats.isDirectory()) found.push(...(await filesIn(path, `${prefix}${name}/`, [...parents, here])))
    if (!stats.isFile()) continue
    await readable(path, () => access(path, constants.R_OK))
    found.push(prefix + name)
  }
  return found
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw UnreadableFileError.fromSystemError(path, error)
  }
}
