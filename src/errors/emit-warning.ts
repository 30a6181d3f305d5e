/** Warnings for the person who runs the process. */
import { warnProcess } from '../platform/process-warning'
import { printableMessage } from './printable'

/** Warns through Node's warning system. Inside of a run, `this.context.warn()` tells the listener of the run instead. */
export function emitWarning(code: string, message: string): void {
  warnProcess(code, printableMessage(message))
}

/** Warnings that this process has had. */
const told = new Set<string>()
/** A process that loads many models keeps no more of them. */
const MOST_TOLD = 1000

/** Warns as {@link emitWarning} does, of the same thing once in a process. For what concerns a model, such as `afterLoad`, and not a run. */
export function emitWarningOnce(code: string, message: string): void {
  const key = `${code} ${message}`
  if (told.has(key)) return
  if (told.size >= MOST_TOLD) told.clear()
  told.add(key)
  emitWarning(code, message)
}
