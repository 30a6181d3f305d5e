/** Tests of what may not be written: the root user may write everywhere, so processes give up what they may. */
import { realpathSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'

/** Only on systems with users of different rights, if the user that the root user becomes reaches the temporary folder. */
export const testWithUsers =
  process.getuid === undefined || (process.getuid() === 0 && !isOpen(realpathSync(tmpdir()))) ? test.skip : test

/** A script for {@link runSave} that loads what it needs, and then continues as a user who owns nothing. */
export function asNobody(load: string, body: string): string {
  return `${load}\nif (process.getuid() === 0) process.setuid(65534)\n${body}`
}

/** Whether every user reaches a folder. */
function isOpen(folder: string): boolean {
  const isTop = dirname(folder) === folder
  return (statSync(folder).mode & 0o001) !== 0 && (isTop || isOpen(dirname(folder)))
}
