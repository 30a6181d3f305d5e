/** Kills processes while they write files, at moments spread over the whole of it. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const library = join(__dirname, '..', '..', '..', 'dist')
const preload = join(__dirname, 'kill-at-file-call.cjs')

/** How many processes run at once. */
const AT_ONCE = 4

/** Runs a script against the built library; `killAt` is the call of the file system at which it is killed. Gives the signal that ended it. */
export function runSave(body: string, env: Readonly<Record<string, string>>): Promise<NodeJS.Signals | null> {
  const script = `
    const library = path => require(${JSON.stringify(library)} + '/' + path)
    ;(async () => { ${body}
;killAtEnd() })().then(() => process.exit(0), error => { console.error(error); process.exit(1) })`
  const child = spawn(process.execPath, ['-r', preload, '-e', script], {
    env: { ...process.env, ...env },
    cwd: join(library, '..'),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(signal)
      else reject(new Error(`The process ended with ${code ?? signal}:\n${complaint}`))
    })
  })
}

/**
 * Runs a script again and again, killed at other moments of it, each time on files of its own that `prepare` makes. The last moment is when the
 * script is done, however many calls that takes.
 *
 * @param points how many moments, spread over all calls of the file system; or which of so many calls
 * @param prepare gives the environment of a run
 * @param check looks at what a killed run has left
 */
export async function killAtPoints(
  body: string,
  points: number | ((calls: number) => readonly number[]),
  folder: string,
  prepare: (run: string) => Promise<Readonly<Record<string, string>>>,
  check: (run: string) => Promise<void>,
): Promise<void> {
  const countFile = join(folder, 'count')
  await runSave(body, { ...(await prepare('all')), KILL_AT: '0', COUNT_FILE: countFile })
  const calls = Number(await readFile(countFile, 'utf8'))
  const moments = typeof points === 'number' ? spread(calls, points - 1) : points(calls)
  const next = [...moments, Number.POSITIVE_INFINITY].values()
  const work = async () => {
    for (const moment of next) {
      const run = `killed-${moment}`
      const signal = await runSave(body, { ...(await prepare(run)), KILL_AT: String(moment) })
      if (signal !== 'SIGKILL') throw new Error(`The process was not killed at call ${moment} of ${calls}.`)
      await check(run)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

function spread(calls: number, points: number): readonly number[] {
  if (!(calls >= points)) throw new Error(`There are only ${calls} calls of the file system to be killed at.`)
  return Array.from({ length: points }, (_, i) => Math.round(1 + (i * (calls - 1)) / (points - 1)))
}

/** What a folder holds: each file with a digest of its content. */
export async function contentOf(folder: string, prefix = ''): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) Object.assign(content, await contentOf(path, `${prefix}${entry.name}/`))
    else
      content[prefix + entry.name] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
  }
  return content
}
