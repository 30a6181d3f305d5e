/** Runs a script against the built library, in a process of its own. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const library = join(__dirname, '..', '..', '..', 'dist', 'index.js')

/**
 * Runs the body of an async function that sees the library as `tesserae` and TensorFlow.js as `tf`, and gives what it returns.
 *
 * @param flags - for Node
 */
export async function runScript<T>(
  body: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<T> {
  const script = `
    const tesserae = require(${JSON.stringify(library)})
    const tf = require('@tensorflow/tfjs')
    ;(async () => { ${body} })().then(
      result => { process.stdout.write('\\n' + JSON.stringify(result) + '\\n', () => process.exit()) },
      error => { console.error(error); process.exit(1) },
    )`
  const options = { env: { ...process.env, ...env }, cwd: join(library, '..', '..') }
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', script], options)
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T
}
