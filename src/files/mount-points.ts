/** Finds where other file systems, or other folders, are mounted. */
import { readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** Lists the mounts that a Linux process sees, one a line; the fifth field is the place. */
const MOUNTS = '/proc/self/mountinfo'

/**
 * Returns the mount points at a folder (an absolute path without links) and inside of it. Only Linux lists them: bind mounts are on the same device
 * as what surrounds them, so nothing else tells them from folders. Elsewhere there are none.
 */
export async function mountPointsIn(folder: string): Promise<ReadonlySet<string>> {
  const text = process.platform === 'linux' ? await readFile(MOUNTS, 'utf8').catch(() => '') : ''
  const places = text.split('\n').map(line => unescapeOctal(line.split(' ')[4] ?? ''))
  const prefix = join(folder, sep)
  return new Set(places.filter(place => place === folder || place.startsWith(prefix)))
}

/** Blanks, tabs, line ends and backslashes are written as three octal digits of each byte. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
