/** Reads files of text of unknown origin. */

import { SETTINGS } from '../format/text-limits'
import { readFileBytes, readFileBytesSync } from './read-file'

/**
 * Reads a file as UTF-8.
 *
 * @param most bytes that the file may have
 * @throws UnfitFileError for anything but a regular file of at most that size; the file system's error
 */
export async function readText(path: string, most = SETTINGS.bytes): Promise<string> {
  return (await readFileBytes(path, most)).toString('utf8')
}

/** Reads a file as {@link readText} does, synchronously. */
export function readTextSync(path: string, most = SETTINGS.bytes): string {
  return readFileBytesSync(path, most).toString('utf8')
}
