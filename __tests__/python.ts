/** Python with the reference libraries, where the environment variable TESSERAE_PYTHON names one. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const python = process.env['TESSERAE_PYTHON']

/** Tests against the reference; without Python they are skipped, and their names say so. */
export const describeWithPython: typeof describe = python
  ? describe
  : (Object.assign((name: string, body: () => void) => {
      describe.skip(`${name} (skipped: set TESSERAE_PYTHON to a Python with diffusers and transformers)`, body)
    }, describe) as typeof describe) // Only called, which is what the object above can do.

/**
 * Runs a program in Python and gives what the last line of its output holds as JSON. This process continues answering meanwhile.
 *
 * @param env what the environment says besides; by default the Hub is not asked
 */
export async function runPython<T>(
  program: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<T> {
  const { stdout } = await promisify(execFile)(String(python), ['-c', program, ...args], {
    env: { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1', ...env },
    maxBuffer: 2 ** 26,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T
}
