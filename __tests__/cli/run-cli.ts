/** Runs the built programs as a user does: in a process of their own, in a folder of their own. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Folder of the built files. */
const built = join(__dirname, '..', '..', 'dist')

/** How a program ended. */
export interface ProgramResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Options of {@link runProgram}. */
export interface ProgramOptions {
  cwd: string
  env?: Record<string, string>
  /** Called at the start with a function that sends the process a signal. */
  onStart?: (kill: (signal: NodeJS.Signals) => void) => void
}

/** Runs a built file, e.g. `samples/loop.js`. */
export function runProgram(
  file: string,
  args: readonly string[],
  { cwd, env, onStart }: ProgramOptions,
): Promise<ProgramResult> {
  const child = spawn(process.execPath, [join(built, file), ...args], {
    cwd,
    env: { ...process.env, TESSERAE_BACKEND: 'wasm', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  onStart?.(signal => child.kill(signal))
  return new Promise(resolve => child.on('close', code => resolve({ code, stdout, stderr })))
}

/** Runs `tesserae` with the given arguments. */
export function runCli(args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  return runProgram('cli/main.js', args, options)
}
