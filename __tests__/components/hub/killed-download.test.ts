import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { snapshotDownload } from '../../../components'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const POINTS = 24
const PART = 40_000
const script = join(__dirname, '..', '..', '..', 'dist', 'components', 'hub', 'snapshot-download.js')
const files = {
  'config.json': '{"a": 1}',
  'unet/one.safetensors': createHash('sha512').update('1').digest('hex').repeat(20_000),
  'unet/two.safetensors': createHash('sha512').update('2').digest('hex').repeat(20_000),
  'vae/three.json': createHash('sha512').update('3').digest('hex').repeat(1000),
}

/** Downloads in a process of its own. `onStart` is given what kills it. */
function downloadInProcess(onStart: (kill: () => void) => void): Promise<NodeJS.Signals | number | null> {
  const code = `require(${JSON.stringify(script)}).snapshotDownload('org/tiny', { endpoint: '${server().endpoint}', maxWorkers: 2 })`
  const child = spawn(process.execPath, ['-e', code], { env: { ...process.env, HF_HOME: folder() }, stdio: 'ignore' })
  onStart(() => child.kill('SIGKILL'))
  return new Promise(resolve => child.on('close', (exit, signal) => resolve(signal ?? exit)))
}

/** Every file that is shown is whole; every content has the hash that is its name. */
async function expectWholeFiles(): Promise<void> {
  const repository = join(folder(), 'hub', 'models--org--tiny')
  const entries = await readdir(repository, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries.filter(entry => !entry.isDirectory())) {
    const path = join(entry.parentPath, entry.name)
    if (/\.(?:incomplete|tmp)$/.test(entry.name)) continue
    const content = await readFile(path)
    const [, kind, , ...name] = path.slice(repository.length).split('/')
    if (kind === 'snapshots') expect(content.toString()).toBe(files[name.join('/') as keyof typeof files])
    if (kind === 'blobs') {
      const git = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
      expect([git, createHash('sha256').update(content).digest('hex')]).toContain(entry.name)
    }
    if (kind === 'trees') expect(Object.keys(JSON.parse(content.toString()).files)).toEqual(Object.keys(files).sort())
    if (kind === 'refs') expect(content.toString()).toMatch(/^[0-9a-f]{40}$/)
  }
}

test(`a download that is killed at ${POINTS} points leaves whole files alone, and ends in the next process`, async () => {
  server().commit('org/tiny', files)
  // Parts go out slowly, so that there is something to be killed in.
  let parts = 0
  let onPart: (part: number) => void = () => undefined
  server().send = async (content, response) => {
    for (let at = 0; at < content.length && !response.destroyed; at += PART) {
      response.write(content.subarray(at, at + PART))
      onPart(++parts)
      await new Promise(resolve => setTimeout(resolve, 3))
    }
    response.end()
  }
  const ends: unknown[] = []
  for (let point = 0; point < POINTS; point++) {
    const before = server().requests.length
    const end = await downloadInProcess(kill => {
      // A request or a part after the last point: from the first question to the last bytes.
      const last = parts
      server().faults.splice(0, 1, () => {
        if (point < 4 && server().requests.length - before > point) kill()
        return false
      })
      onPart = part => {
        if (part - last > point % 5) setTimeout(kill, point % 4)
      }
    })
    ends.push(end)
    await expectWholeFiles()
  }
  expect(ends.filter(end => end === 'SIGKILL').length).toBeGreaterThanOrEqual(20)
  onPart = () => undefined
  server().faults.length = 0
  const path = await snapshotDownload('org/tiny', { endpoint: server().endpoint })
  for (const [name, text] of Object.entries(files)) expect(await readFile(join(path, name), 'utf8')).toBe(text)
  await expectWholeFiles()
  expect(server().requests.some(({ headers }) => headers.range !== undefined)).toBe(true)
  const blobs = await readdir(join(folder(), 'hub', 'models--org--tiny', 'blobs'))
  expect(blobs.filter(name => name.endsWith('.incomplete'))).toEqual([])
}, 120_000)

test('two processes that fetch at the same time do not collide', async () => {
  server().commit('org/tiny', files)
  const ends = await Promise.all([downloadInProcess(() => undefined), downloadInProcess(() => undefined)])
  expect(ends).toEqual([0, 0])
  await expectWholeFiles()
  // Each content has come in once.
  expect(server().requests.filter(({ host }) => host === 'storage')).toHaveLength(2)
})
