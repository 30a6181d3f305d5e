/** Reads files of text that somebody else wrote: none that is too large for what it is to hold, and nothing that never ends. */
import { readFileSync, type Stats, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'

/** The most that is read, in bytes: several times the largest vocabulary or list of weights there is. As JSON it can take a gigabyte of memory. */
export const LONGEST_TEXT = 32 * 2 ** 20

/** What is there cannot be such a file. */
class UnfitFile extends Error {}

/** A file as text. @throws Error for what is no file, or is longer than {@link LONGEST_TEXT}; what the file system answers */
export async function readText(path: string): Promise<string> {
  requireFit(await stat(path))
  return readFile(path, 'utf8')
}

/** Does as {@link readText}, at once. */
export function readTextSync(path: string): string {
  requireFit(statSync(path))
  return readFileSync(path, 'utf8')
}

/** Asked before reading, as a pipe would wait for its other end and a device may go on for ever. Of a folder the system says what is wrong. */
function requireFit(stats: Stats): void {
  if (stats.isDirectory()) return
  if (!stats.isFile()) throw new UnfitFile('this is a device, a pipe or a socket')
  if (stats.size > LONGEST_TEXT) {
    throw new UnfitFile(`it has ${stats.size} bytes, and at most ${LONGEST_TEXT} are read`)
  }
}
