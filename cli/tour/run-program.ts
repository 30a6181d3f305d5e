/** Runs a program of the tour as a user does: in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { TourProgramError } from './tour-program-error'

/**
 * Runs a program in a folder. What it prints goes where the output of this process goes.
 *
 * @throws TourProgramError if it fails
 * @throws an `AbortError` if the signal is aborted, or a signal of the terminal ends the program
 */
export async function runProgram(file: string, folder: string, signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], signal })
  const [code, endedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  // Ctrl-C reaches both processes: the program may end before this one learns of it.
  if (endedBy === 'SIGINT') throw new DOMException('The program was cancelled.', 'AbortError')
  if (endedBy === 'SIGTERM') {
    await setImmediate()
    signal.throwIfAborted()
  }
  if (code !== 0) throw new TourProgramError(basename(file), code ?? (endedBy as NodeJS.Signals))
}
