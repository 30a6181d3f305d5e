import { getEventListeners } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import {
  CorruptDownloadError,
  HubConnectionError,
  HubRequestError,
  InvalidHubAnswerError,
  InvalidHubSettingError,
  OfflineModeError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
  type SnapshotDownloadOptions,
  snapshotDownload,
} from '../../../components'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { closedAddress, refuse, useHubServer } from './hub-server'

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
const hub = (): string => join(folder(), 'hub', 'models--org--tiny')

/** The files in a folder, by their paths. */
async function list(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()
}

describe('snapshotDownload', () => {
  test('fetches all files of a revision, and the next time none', async () => {
    const commit = server().commit('org/tiny', files)
    const path = await download()
    expect(path).toBe(join(hub(), 'snapshots', commit))
    expect(await list(path)).toEqual(Object.keys(files).sort())
    for (const [name, text] of Object.entries(files)) expect(await readFile(join(path, name), 'utf8')).toBe(text)
    const before = server().requests.length
    expect(await download()).toBe(path)
    // The branch may have moved; what the commit holds is known.
    expect(
      server()
        .requests.slice(before)
        .map(request => request.path),
    ).toEqual([expect.stringMatching(/^\/api\/models\/org\/tiny\/revision\/main\?/)])
    expect(await download({ revision: commit })).toBe(path)
    expect(server().requests).toHaveLength(before + 1)
  })

  test('reads lists of several pages', async () => {
    server().pageSize = 3
    server().commit('org/tiny', files)
    expect(await list(await download())).toEqual(Object.keys(files).sort())
    expect(server().seen(/\/tree\//)).toHaveLength(4)
  })

  test('shares contents between commits', async () => {
    const first = server().commit('org/tiny', files)
    await download()
    const second = server().commit('org/tiny', { ...files, 'README.md': '# changed' })
    const before = server().seen(/^GET .*resolve/).length
    const path = await download()
    expect(path).toBe(join(hub(), 'snapshots', second))
    expect(server().seen(/^GET .*resolve/)).toHaveLength(before + 1)
    expect(await readFile(join(hub(), 'snapshots', first, 'README.md'), 'utf8')).toBe('# tiny')
  })

  test.each([
    [{ allowPatterns: 'unet/*' }, ['unet/config.json', 'unet/diffusion_pytorch_model.bin']],
    [{ allowPatterns: ['*.md', 'vae/'], ignorePatterns: '*.safetensors' }, ['README.md', 'vae/config.json']],
    [{ allowPatterns: 'v[a-c]e/c?nfig.json' }, ['vae/config.json']],
    [{ allowPatterns: '*.json', ignorePatterns: ['[!m]*'] }, ['model_index.json']],
  ])('takes the files that match %j', async (patterns, expected) => {
    server().commit('org/tiny', files)
    const path = await download({
      ...patterns,
      ...('ignorePatterns' in patterns ? {} : { ignorePatterns: '*.safetensors' }),
    })
    expect(await list(path)).toEqual(expected)
  })

  test('takes of a model what a pipeline loads', async () => {
    server().commit('org/tiny', files)
    expect(await list(await download({ modelFilesOnly: true }))).toEqual([
      'README.md',
      'model_index.json',
      'safety_checker/pytorch_model.bin',
      'unet/config.json',
      'unet/diffusion_pytorch_model.safetensors',
      'vae/config.json',
      'vae/diffusion_pytorch_model.safetensors',
    ])
  })

  test('takes the weights of a variant, and those without one if none exists of it', async () => {
    server().commit('org/tiny', files)
    expect((await list(await download({ variant: 'fp16' }))).filter(name => name.endsWith('.safetensors'))).toEqual([
      'unet/diffusion_pytorch_model.fp16.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
    ])
  })

  test('fetches no more files at once than it may', async () => {
    server().commit('org/tiny', files)
    let now = 0
    let most = 0
    server().send = async (content, response) => {
      most = Math.max(most, ++now)
      // The first answers wait for each other, however slow the machine is.
      do await new Promise(resolve => setTimeout(resolve, 20))
      while (most < 3)
      now--
      response.end(content)
    }
    await download({ maxWorkers: 3 })
    expect(most).toBe(3)
  })

  test('tells how far it is, over all files', async () => {
    server().commit('org/tiny', files)
    const seen: number[] = []
    let total = 0
    await download({
      onProgress: progress => {
        seen.push(progress.bytes)
        total = progress.total
      },
    })
    expect(total).toBe(Object.values(files).join('').length)
    expect(seen.at(-1)).toBe(total)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })

  test('ends the other files when one fails, and continues the next time', async () => {
    server().commit('org/tiny', { ...files, 'vae/diffusion_pytorch_model.safetensors': Buffer.alloc(200_000, 'v') })
    server().send = (content, response) => {
      if (content.length < 200_000) return void response.end(Buffer.alloc(content.length))
      response.write(content.subarray(0, 50_000))
    }
    await expect(download({ timeout: 20_000 })).rejects.toThrow(CorruptDownloadError)
    server().send = (content, response) => void response.end(content)
    expect(await list(await download())).toEqual(Object.keys(files).sort())
    expect((await list(join(hub(), 'blobs'))).some(name => name.endsWith('.incomplete'))).toBe(false)
  })

  test('stops when it is told to, before and in between', async () => {
    server().commit('org/tiny', files)
    await expect(download({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    const controller = new AbortController()
    const stopped = download({ signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) })
    await expect(stopped).rejects.toThrow('enough')
  })

  test('leaves nothing on a signal that outlives it', async () => {
    server().commit('org/tiny', files)
    const { signal } = new AbortController()
    // What it makes stays known to the signals that it is made of.
    const any = jest.spyOn(AbortSignal, 'any')
    await download({ signal })
    expect(any).not.toHaveBeenCalled()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('hands on what a listener throws', async () => {
    server().commit('org/tiny', files)
    const failing = download({
      onProgress: () => {
        throw new Error('the listener')
      },
    })
    await expect(failing).rejects.toThrow('the listener')
  })

  test('tells a repository from a revision that is not there', async () => {
    server().commit('org/tiny', files)
    await expect(download({ revision: 'v9' })).rejects.toThrow(RevisionNotFoundError)
    await expect(snapshotDownload('org/other', { endpoint: server().endpoint })).rejects.toThrow(
      RepositoryNotFoundError,
    )
  })

  test.each(['../evil', '/etc/evil', 'a/../../evil', 'C:\\evil'])(
    'refuses a repository with the file %s',
    async name => {
      server().commit('org/tiny', { ...files, [name]: 'evil' })
      const failing = download()
      await expect(failing).rejects.toThrow(InvalidHubAnswerError)
      await expect(failing).rejects.toThrow(/which is refused/)
      expect((await list(folder())).filter(path => path.includes('evil'))).toEqual([])
    },
  )

  test.each([0, -1, 2.5, Number.NaN])('refuses to fetch %d files at once', async maxWorkers => {
    server().commit('org/tiny', files)
    await expect(download({ maxWorkers })).rejects.toThrow(InvalidHubSettingError)
  })

  test('refuses a list whose pages name one another', async () => {
    server().commit('org/tiny', files)
    server().faults.push(({ path }, response) => {
      if (path.includes('/tree/')) response.setHeader('link', `<${server().endpoint}${path}>; rel="next"`)
      return false
    })
    const failing = download()
    await expect(failing).rejects.toThrow(InvalidHubAnswerError)
    await expect(failing).rejects.toThrow(/names "README\.md" twice/)
  })

  test.each([
    ['an id that is a number', { oid: 5 }, /is not the ETag/],
    ['an id of no end', { oid: 'a'.repeat(5000) }, /is not the ETag/],
    ['a size that is a text', { size: '1' }, /a size of 1 bytes/],
    ['a size below nothing', { size: -1 }, /a size of -1 bytes/],
    ['a size beyond all disks', { size: 1e300 }, /a size of 1e\+300 bytes/],
    ['another size in its pointer', { lfs: { oid: 'b'.repeat(64), size: 0.5, pointerSize: 1 } }, /0\.5 bytes/],
  ])('refuses a list with %s', async (_what, fields, message) => {
    server().commit('org/tiny', files)
    server().faults.push(({ path }, response) => {
      if (!path.includes('/tree/')) return false
      response.end(JSON.stringify([{ type: 'file', path: 'a', oid: 'a'.repeat(40), size: 1, ...fields }]))
      return true
    })
    const failing = download()
    await expect(failing).rejects.toThrow(InvalidHubAnswerError)
    await expect(failing).rejects.toThrow(message)
  })

  test.each([
    ['of no end', {}],
    ['that swells when it is unpacked', { 'content-encoding': 'gzip' }],
  ])('refuses an answer %s', async (_what, headers: Record<string, string>) => {
    server().faults.push((_, response) => {
      response.writeHead(200, headers)
      const blanks = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(2 ** 20, ' ')
        })(),
      )
      const body = 'content-encoding' in headers ? blanks.pipe(createGzip()) : blanks
      body.pipe(response)
      response.on('close', () => blanks.destroy())
      return true
    })
    const failing = download({ timeout: 30_000 })
    await expect(failing).rejects.toThrow(InvalidHubAnswerError)
    await expect(failing).rejects.toThrow(/an answer has more than 33554432 bytes/)
  })

  test.each([
    ['more values than any list of files', `[${'{},'.repeat(200_001)}{}]`, /holds more than 200000 values/],
    ['values nested too deeply', '['.repeat(100_000), /nested more than 200 deep/],
  ])('refuses an answer with %s', async (_what, text, message) => {
    server().commit('org/tiny', files)
    server().faults.push(({ path }, response) => path.includes('/tree/') && Boolean(response.end(text)))
    const failing = download()
    await expect(failing).rejects.toThrow(InvalidHubAnswerError)
    await expect(failing).rejects.toThrow(message)
  })

  test.each([
    ['a path', `${'x/'.repeat(10_000)}y`],
    ['one name in a path', `unet/${'x'.repeat(300)}`],
  ])('refuses %s that no file system takes, in a short message', async (_what, path) => {
    server().commit('org/tiny', { ...files, [path]: '' })
    const error = await download().catch((failure: Error) => failure)
    expect(error).toBeInstanceOf(InvalidHubAnswerError)
    expect(String(error)).toMatch(/^\w+: org\/tiny: /)
    expect(String(error).length).toBeLessThan(1000)
  })

  test('refuses an answer that is none of a Hub', async () => {
    server().faults.push((_, response) => {
      response.end('<html>a login page</html>')
      return true
    })
    const failing = download()
    await expect(failing).rejects.toThrow(InvalidHubAnswerError)
    await expect(failing).rejects.toThrow(/HF_ENDPOINT/)
  })

  test('asks again for a list that breaks off', async () => {
    server().commit('org/tiny', files)
    let times = 1
    server().faults.push(({ path }, response) => {
      if (!path.includes('/tree/') || times-- <= 0) return false
      response.writeHead(200, { 'content-length': 1000 })
      response.write('[{"type": "fi', () => response.destroy())
      return true
    })
    expect(await list(await download())).toEqual(Object.keys(files).sort())
  })
})

describe('without a network', () => {
  test('gives a snapshot that is whole', async () => {
    server().commit('org/tiny', files)
    const path = await download()
    const before = server().requests.length
    expect(await download({ localFilesOnly: true })).toBe(path)
    process.env['HF_HUB_OFFLINE'] = 'yes'
    expect(await download()).toBe(path)
    expect(server().requests).toHaveLength(before)
  })

  test('names what is missing', async () => {
    server().commit('org/tiny', files)
    const path = await download({ allowPatterns: 'unet/*' })
    expect(await download({ allowPatterns: 'unet/*', localFilesOnly: true })).toBe(path)
    const failing = download({ allowPatterns: ['unet/*', 'vae/config.json'], localFilesOnly: true })
    await expect(failing).rejects.toThrow(OfflineModeError)
    await expect(failing).rejects.toMatchObject({ missing: ['vae/config.json'] })
    await expect(download({ endpoint: await closedAddress() })).rejects.toThrow(HubConnectionError)
  })

  test.each([true, false])(
    'does not wait for a server that is down where all is cached; otherwise it does: %s',
    async isAll => {
      server().commit('org/tiny', files)
      const allowPatterns = isAll ? '*' : 'unet/*'
      const path = await download({ allowPatterns })
      server().faults.push((_, response) => {
        refuse(response, 503, undefined, 'down')
        return true
      })
      const before = server().requests.length
      if (isAll) expect(await download()).toBe(path)
      else await expect(download()).rejects.toThrow(HubRequestError)
      expect(server().requests).toHaveLength(before + (isAll ? 1 : 2))
    },
  )

  test('gives what is cached where the server cannot be reached', async () => {
    server().commit('org/tiny', files)
    const path = await download()
    expect(await download({ endpoint: await closedAddress() })).toBe(path)
  })

  test('says that a revision was never fetched', async () => {
    await expect(download({ localFilesOnly: true, revision: 'v2' })).rejects.toThrow(
      /"v2" is not in the cache .*, and network requests are turned off/,
    )
  })
})
