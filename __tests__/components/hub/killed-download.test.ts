/** A process that downloads is killed at 50 moments, and two download at once: what is shown is whole, and of one commit. */
import { createHash } from 'node:crypto'
import { cp, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { snapshotDownload } from '../../../components'
import { contentOf, killAtPoints, runSave } from '../../src/files/killed-saves'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

/** Bytes that do not repeat, so that none can be at another's place. */
const bytes = (seed: string, blocks: number) =>
  Array.from({ length: blocks }, (_, i) => createHash('sha512').update(`${seed}${i}`).digest('hex')).join('')
const oldFiles = { 'config.json': '{"a": 1}', 'unet/one.safetensors': bytes('one', 1000), 'unet/two.json': 'two' }
const newFiles = {
  'config.json': '{"a": 2}',
  'unet/one.safetensors': bytes('another', 4000),
  'unet/two.json': 'two',
  'vae/three.safetensors': bytes('three', 4000),
}

const download = `
  const { snapshotDownload } = library('components/hub/snapshot-download')
  await startCounting()
  await snapshotDownload('org/tiny', { maxWorkers: 2 })
`

/** What a folder of such files holds. */
const contents = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]),
  )

/** Files that are not finished. A lock stays, and holds nobody up: its process is no more. */
async function unfinished(cache: string): Promise<string[]> {
  const entries = await readdir(cache, { recursive: true, withFileTypes: true })
  return entries.filter(entry => /\.(?:incomplete|tmp)$/.test(entry.name)).map(entry => entry.name)
}

test('a download that is killed at 50 points leaves the old commit or the new, and ends in the next process', async () => {
  const old = server().commit('org/tiny', oldFiles)
  await runSave(download, { HF_HOME: join(folder(), 'old'), HF_ENDPOINT: server().endpoint })
  const commit = server().commit('org/tiny', newFiles)
  // Parts go out one by one, so that there is something to be killed in.
  server().send = async (content, response) => {
    for (let at = 0; at < content.length && !response.destroyed; at += 60_000) {
      response.write(content.subarray(at, at + 60_000))
      await new Promise(resolve => setImmediate(resolve))
    }
    response.end()
  }
  const seen = { old: 0, new: 0, resumed: 0 }
  const prepare = async (run: string) => {
    await cp(join(folder(), 'old'), join(folder(), run), { recursive: true, verbatimSymlinks: true })
    return { HF_HOME: join(folder(), run), HF_ENDPOINT: server().endpoint }
  }
  await killAtPoints(download, 50, folder(), prepare, async run => {
    const cacheDir = join(folder(), run, 'hub')
    const path = await snapshotDownload('org/tiny', { cacheDir, localFilesOnly: true })
    const isOld = basename(path) === old
    expect(await contentOf(path)).toEqual(contents(isOld ? oldFiles : newFiles))
    seen[isOld ? 'old' : 'new']++
    if ((await unfinished(cacheDir)).some(name => name.endsWith('.incomplete'))) seen.resumed++
    const whole = await snapshotDownload('org/tiny', { cacheDir, endpoint: server().endpoint })
    expect(basename(whole)).toBe(commit)
    expect(await contentOf(whole)).toEqual(contents(newFiles))
    expect(await unfinished(cacheDir)).toEqual([])
  })
  expect(seen.old).toBeGreaterThan(20)
  expect(seen.new).toBeGreaterThan(0)
  expect(seen.resumed).toBeGreaterThan(5)
  expect(server().requests.some(({ headers }) => headers.range !== undefined)).toBe(true)
}, 120_000)

test('two processes that fetch at the same time do not collide, and fetch each content once', async () => {
  server().commit('org/tiny', newFiles)
  const env = { HF_HOME: folder(), HF_ENDPOINT: server().endpoint }
  await Promise.all([runSave(download, env), runSave(download, env)])
  const path = await snapshotDownload('org/tiny', { localFilesOnly: true })
  expect(await contentOf(path)).toEqual(contents(newFiles))
  expect(await unfinished(join(folder(), 'hub'))).toEqual([])
  expect(server().requests.filter(({ host }) => host === 'storage')).toHaveLength(2)
})
