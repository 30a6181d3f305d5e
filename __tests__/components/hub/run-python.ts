/** Runs a line of Python while this process goes on answering. */
import { spawn } from 'node:child_process'

/** What the code prints. */
export function runPython(
  python: string,
  code: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(python, ['-c', code], { env: { ...process.env, ...environment } })
  let printed = ''
  let failure = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    failure += chunk.toString()
  })
  return new Promise((resolve, reject) =>
    child.on('close', code => (code === 0 ? resolve(printed) : reject(new Error(failure)))),
  )
}
