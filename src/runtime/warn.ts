/** Warnings of components, which have no context of their own. */
import { emitWarning } from '../errors/emit-warning'
import { activeRun } from './active-run'

/** Warns the listeners of the run that the calling code is part of; outside of a run, warns through the process. */
export function warn(code: string, message: string): void {
  const run = activeRun()
  if (run) run.warn(code, message)
  else emitWarning(code, message)
}
