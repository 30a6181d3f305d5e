/** Makes folders. */
import { mkdir } from 'node:fs/promises'
import { absolutePath } from './absolute-path'
import { UnwritableFileError } from './unwritable-file-error'

/**
 * Makes a folder, with those that it is in; one that is there stays as it is.
 *
 * @throws UnwritableFileError if it is a file, or may not be made; CurrentFolderError
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(absolutePath(folder), { recursive: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new UnwritableFileError(folder, 'is-file', 'this is a file. Pass the path of a folder.', error)
    }
    throw UnwritableFileError.from(folder, error)
  }
}
