import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UnwritableFileError } from '../../../src'
import {
  createTemporaryFolder,
  makeTemporaryFolder,
  planTemporaryFolder,
  type TemporaryPurpose,
} from '../../../src/files/temporary-folder'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { deadProcess } from './dead-process'

const root = useTemporaryFolder()
let environment: NodeJS.ProcessEnv
beforeEach(() => {
  environment = { ...process.env }
  process.env.TMPDIR = root()
})
afterEach(() => {
  delete process.env.TMPDIR
  Object.assign(process.env, environment)
})

const namedByDeadProcess = (purpose: TemporaryPurpose) =>
  planTemporaryFolder(purpose).replace(`-${process.pid}.`, `-${deadProcess}.`)

async function leave(path: string): Promise<string> {
  await mkdir(path)
  await writeFile(join(path, 'weights.data'), 'as large as a model')
  return path
}

test.each(['decoded', 'fused', 'push', 'results', 'weights', 'worker'] as const)(
  'removes the folder for %s that a killed process has left',
  async purpose => {
    const left = await leave(namedByDeadProcess(purpose))
    const made = await makeTemporaryFolder('worker')
    expect(existsSync(left)).toBe(false)
    expect(await readdir(made)).toEqual([])
  },
)

test.each([
  ['this one, as in a container', process.pid],
  ['another one that runs', process.ppid],
])('removes the folder of a killed process that had the number of %s', async (_whose, pid) => {
  // Other systems do not say when a process started.
  if (process.platform !== 'linux') return
  const name = planTemporaryFolder('weights')
  const left = await leave(name.replace(/-\d+\.\d+-/, `-${pid}.${Number.MAX_SAFE_INTEGER}-`))
  const own = await leave(name)
  // The clock was set back after this process started.
  await utimes(own, 1, 1)
  await makeTemporaryFolder('worker')
  expect([existsSync(left), existsSync(own)]).toEqual([false, true])
})

test('keeps the folder of another running process', async () => {
  if (process.platform !== 'linux') return
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    const [, start = ''] = /\) (?:\S+ ){19}(\d+)/.exec(readFileSync(`/proc/${other.pid}/stat`, 'latin1')) ?? []
    const kept = await leave(planTemporaryFolder('weights').replace(/-\d+\.\d*-/, `-${other.pid}.${start}-`))
    await makeTemporaryFolder('worker')
    expect(existsSync(kept)).toBe(true)
  } finally {
    other.stdin?.end()
  }
})

test('keeps the folders of running processes, of other machines, and what others have named', async () => {
  const dead = namedByDeadProcess('weights')
  const kept = [
    await leave(planTemporaryFolder('weights')),
    await leave(dead.replace(/-[0-9a-f]{8}-/, '-00000000-')),
    await leave(join(root(), 'tesserae-weights')),
    await leave(join(root(), `tesserae-weights-${deadProcess}`)),
  ]
  await symlink(kept[0] as string, dead)
  await makeTemporaryFolder('worker')
  for (const path of [...kept, dead]) expect(existsSync(join(path, 'weights.data'))).toBe(true)
})

test('makes folders for this user alone', async () => {
  if (process.platform === 'win32') return
  expect(statSync(await makeTemporaryFolder('fused')).mode & 0o777).toBe(0o700)
})

test('names the folder that cannot be made', async () => {
  process.env.TMPDIR = join(root(), 'missing')
  const path = planTemporaryFolder('weights')
  const error = await createTemporaryFolder(path).catch(error => error)
  expect(error).toBeInstanceOf(UnwritableFileError)
  expect(error.message).toBe(
    `${path} cannot be written: there is no folder ${join(root(), 'missing')}. Create it first.`,
  )
})
