/** The number of a process that is no more. */
import { spawnSync } from 'node:child_process'
import { setAsideBeside, temporaryBeside } from '../../../src/files/leftovers'

const dead = spawnSync(process.execPath, ['-e', '']).pid

/** What a killed process would have called a file or folder that was to take the place of another, or that it had set aside. */
export function nameOfDeadProcess(path: string, kind: 'temporary' | 'aside'): string {
  const name = kind === 'temporary' ? temporaryBeside(path) : setAsideBeside(path)
  return name.replace(`-${process.pid}-`, `-${dead}-`)
}
