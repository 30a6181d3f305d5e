/** Runs the command line as a user does: the built files, in a process of its own, in a folder of its own. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Folder of the repository. */
export const repository = join(__dirname, '..', '..')

/** How a command ended. */
export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Options of {@link runCli}. */
export interface CliOptions {
  cwd: string
  env?: Record<string, string>
  /** Called with the process as soon as it writes to its error stream, or after a while. */
  onStart?: (kill: (signal: NodeJS.Signals) => void) => void
}

/** Runs `tesserae` with the given arguments. */
export function runCli(args: readonly string[], { cwd, env, onStart }: CliOptions): Promise<CliResult> {
  const child = spawn(process.execPath, [join(repository, 'dist', 'cli', 'main.js'), ...args], {
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
