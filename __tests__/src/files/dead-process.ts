/** The number of a process that is no more. */
import { spawnSync } from 'node:child_process'
import { saveMarkIn, setAsideBeside, temporaryBeside } from '../../../src/files/leftovers'

/** Its number. */
export const deadProcess = spawnSync(process.execPath, ['-e', '']).pid as number

const NAMES = { temporary: temporaryBeside, aside: setAsideBeside, mark: saveMarkIn }

/** What a killed process would have called a file or folder that was to take the place of another, that it had set aside, or the mark of its save. */
export function nameOfDeadProcess(path: string, kind: keyof typeof NAMES): string {
  return NAMES[kind](path).replace(`-${process.pid}-`, `-${deadProcess}-`)
}
