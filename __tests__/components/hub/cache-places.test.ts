import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type SnapshotDownloadOptions, snapshotDownload, UnwritableFileError } from '../../../components'
import { asNobody, testWithUsers } from '../../src/files/as-nobody'
import { runSave } from '../../src/files/killed-saves'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const files = {
  'README.md': '# tiny',
  'model_index.json': '{}',
  'whole.safetensors': 'a whole model',
  'unet/config.json': '{"unet": 1}',
  'unet/diffusion_pytorch_model.safetensors': 'unet',
  'unet/diffusion_pytorch_model.fp16.safetensors': 'un',
  'unet/diffusion_pytorch_model.bin': 'a pickle',
  'vae/config.json': '{"vae": 1}',
  'vae/diffusion_pytorch_model.safetensors': 'vae',
  'safety_checker/pytorch_model.bin': 'a pickle',
}
const download = (options: SnapshotDownloadOptions = {}) =>
  snapshotDownload('org/tiny', { endpoint: server().endpoint, retryDelay: 1, attempts: 2, timeout: 30_000, ...options })

/** The files in a folder, by their paths. */
async function list(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()
}

describe('a cache that cannot be written', () => {
  test('is recognised by the file system', async () => {
    server().commit('org/tiny', files)
    await writeFile(join(folder(), 'file'), '')
    const failing = download({ cacheDir: join(folder(), 'file') })
    await expect(failing).rejects.toThrow(UnwritableFileError)
    await expect(failing).rejects.toMatchObject({ code: 'UNWRITABLE_FILE', reason: 'missing-folder' })
  })

  const downloading = asNobody(
    "const { snapshotDownload } = library('components/hub/snapshot-download'); require('@huggingface/hub')",
    "await snapshotDownload('org/tiny', { attempts: 1 })",
  )

  testWithUsers('because its folder is read-only, which leaves nothing half done', async () => {
    server().commit('org/tiny', files)
    const home = join(folder(), 'home')
    await mkdir(home)
    await chmod(folder(), 0o755)
    await chmod(home, 0o555)
    const env = { HF_HOME: home, HF_ENDPOINT: server().endpoint }
    await expect(runSave(downloading, env)).rejects.toThrow(
      /UnwritableFileError: .* no permission to write in the folder/,
    )
    expect(await readdir(home)).toEqual([])
    expect(server().seen(/^GET .*resolve/)).toEqual([])
    // What is all there needs no writing.
    await chmod(home, 0o755)
    await download({ cacheDir: join(home, 'hub') })
    await chmod(join(home, 'hub', 'models--org--tiny', 'refs'), 0o555)
    await chmod(home, 0o555)
    await runSave(downloading, env)
    await chmod(join(home, 'hub', 'models--org--tiny', 'refs'), 0o755)
    await chmod(home, 0o755)
  })

  test.each([
    ['EROFS', 'no-permission'],
    ['ENOSPC', 'no-space'],
  ])('by %s in the middle of a file, which leaves nothing half done', async (code, reason) => {
    server().commit('org/tiny', files)
    const { open } = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises')
    const promises = require('node:fs/promises') as typeof import('node:fs/promises')
    jest.spyOn(promises, 'open').mockImplementation(async (...args) => {
      const handle = await open(...args)
      handle.write = async () => {
        throw Object.assign(new Error('no more'), { code, syscall: 'write' })
      }
      return handle
    })
    await expect(download()).rejects.toMatchObject({ code: 'UNWRITABLE_FILE', reason })
    jest.restoreAllMocks()
    expect(await list(await download())).toEqual(Object.keys(files).sort())
  })

  test('is asked for room before anything is fetched', async () => {
    server().commit('org/tiny', files)
    const promises = require('node:fs/promises') as typeof import('node:fs/promises')
    const full = { bavail: 0, bsize: 4096, blocks: 100 } as Awaited<ReturnType<typeof promises.statfs>>
    jest.spyOn(promises, 'statfs').mockResolvedValue(full as never)
    const failing = download()
    await expect(failing).rejects.toMatchObject({ reason: 'no-space' })
    await expect(failing).rejects.toThrow(/Make room, or move the cache by HF_HUB_CACHE/)
    expect(server().seen(/^GET .*resolve/)).toEqual([])
  })
})

describe('the place of the cache', () => {
  test.each([
    ['HF_HUB_CACHE', 'cache', 'cache'],
    ['HUGGINGFACE_HUB_CACHE', 'old', 'old'],
    ['HF_HOME', 'home', 'home/hub'],
  ])('is set by %s', async (name, value, expected) => {
    server().commit('org/tiny', files)
    process.env[name] = join(folder(), value)
    await mkdir(join(folder(), value))
    expect(await download()).toMatch(join(folder(), expected, 'models--org--tiny'))
  })

  test('may hold variables', async () => {
    server().commit('org/tiny', files)
    process.env['HF_HUB_CACHE'] = `\${HF_HOME}/a`
    expect(await download()).toMatch(join(folder(), 'a', 'models--org--tiny'))
  })
})
