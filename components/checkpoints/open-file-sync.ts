/** Opens files of weights and reads from them at once, with the errors of their formats. */
import { readSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { openRegularFileSync } from '../../src/files/read-file'
import { listFolderSync, MissingFileError } from '../files/missing-file-error'
import { cutOff, unopenable } from './open-errors'

/** Opens a file. The caller closes the descriptor. @throws MissingFileError; WeightFileError (`unreadable`) */
export function openForReadingSync(path: string): number {
  try {
    return openRegularFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new MissingFileError(dirname(path), [basename(path)], listFolderSync(dirname(path)))
    throw unopenable(path, error)
  }
}

/** Fills an array with bytes of a file from a place on. @throws WeightFileError (`truncated`) */
export function readFullySync(path: string, descriptor: number, target: Uint8Array, begin: number): void {
  let done = 0
  while (done < target.length) {
    const bytesRead = readSync(descriptor, target, done, target.length - done, begin + done)
    if (bytesRead === 0) throw cutOff(path, begin + done)
    done += bytesRead
  }
}
