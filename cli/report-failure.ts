/** How a command ends that could not do its work. */
import { inspect } from 'node:util'
import { printAside } from './print'

/** By name: to load the class only to compare with it would delay every command. */
const CANCELLED = ['AbortError', 'PipelineAbortError']

/** Says what went wrong and sets the exit code: 130 for a cancelled command, as shells expect, else 1. */
export function reportFailure(error: unknown): void {
  if (error instanceof Error && CANCELLED.includes(error.name)) {
    console.error('Cancelled.')
    process.exitCode = 130
    return
  }
  printAside(`tesserae: ${error instanceof Error ? error.message : String(error)}`)
  if (process.env.TESSERAE_DEBUG) printAside(inspect(error))
  process.exitCode = 1
}
