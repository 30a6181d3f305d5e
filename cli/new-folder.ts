/** Folders that a command writes as a whole. */
import { readdir } from 'node:fs/promises'
import { UnwritableFileError } from '../src'
import { absolutePath } from '../src/files/absolute-path'

/** Returns the absolute path of a folder that is new or empty. @throws UnwritableFileError for one in which there is something */
export async function newFolder(out: string): Promise<string> {
  const folder = absolutePath(out)
  const there = await readdir(folder).catch(() => [])
  if (there.length === 0) return folder
  throw new UnwritableFileError(folder, 'not-empty', 'the folder is not empty. Name a new folder: --out FOLDER.')
}
