/** How a command ends that could not do its work. */
import { inspect } from 'node:util'
import { cancelledCode } from './interrupt'
import { printAside } from './print'

/** By name: to load the class only to compare with it would delay every command. */
const CANCELLED = ['AbortError', 'PipelineAbortError']

/** Milliseconds after which a cancelled command ends, whatever still runs. */
const LONGEST_END = 300

/** Prints what went wrong and sets the exit code: for a cancelled command that of its signal, as shells expect, otherwise 1. */
export function reportFailure(error: unknown): void {
  if (error instanceof Error && CANCELLED.includes(error.name)) {
    console.error('Cancelled.')
    process.exitCode = cancelledCode()
    setTimeout(() => process.exit(), LONGEST_END).unref()
    return
  }
  printAside(`tesserae: ${error instanceof Error ? error.message : String(error)}`)
  if (process.env.TESSERAE_DEBUG) printAside(inspect(error))
  process.exitCode = 1
}
