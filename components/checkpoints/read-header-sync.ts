/** Reads the header of a safetensors file at once, for those who make a pipeline without waiting. */
import { closeSync, fstatSync, readSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { openRegularFileSync } from '../../src/files/read-file'
import { listFolderSync, MissingFileError } from '../files/missing-file-error'
import { headerLength, requireLengthBytes } from './header-length'
import { cutOff, unopenable } from './open-errors'
import { isPickleName, PickleCheckpointError } from './pickle-checkpoint-error'
import { LENGTH_BYTES, parseHeader, type SafetensorsHeader } from './safetensors-header'

/**
 * Reads the header, and nothing else of the file.
 *
 * @throws MissingFileError if there is no such file
 * @throws PickleCheckpointError for a file named like a pickle
 * @throws SafetensorsError if the header, or the file's length, is not right
 */
export function readHeaderSync(path: string): SafetensorsHeader {
  if (isPickleName(path)) throw new PickleCheckpointError(path)
  const descriptor = openForReading(path)
  try {
    const { size, mtimeMs: modified } = fstatSync(descriptor)
    requireLengthBytes(path, size)
    const start = new Uint8Array(LENGTH_BYTES)
    readFully(path, descriptor, start, 0)
    const header = new Uint8Array(headerLength(path, start, size))
    readFully(path, descriptor, header, LENGTH_BYTES)
    return parseHeader(header, path, size, { size, modified })
  } finally {
    closeSync(descriptor)
  }
}

function openForReading(path: string): number {
  try {
    return openRegularFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new MissingFileError(dirname(path), [basename(path)], listFolderSync(dirname(path)))
    throw unopenable(path, error)
  }
}

function readFully(path: string, descriptor: number, target: Uint8Array, begin: number): void {
  let done = 0
  while (done < target.length) {
    const bytesRead = readSync(descriptor, target, done, target.length - done, begin + done)
    if (bytesRead === 0) throw cutOff(path, begin + done)
    done += bytesRead
  }
}
