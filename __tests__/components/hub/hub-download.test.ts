import { mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  CorruptDownloadError,
  HubConnectionError,
  hubDownload,
  InvalidHubAnswerError,
  OfflineModeError,
} from '../../../components'
import { closedAddress } from './hub-server'
import { files, useTinyRepository, weights } from './use-tiny-repository'

const { folder, server, hub, download } = useTinyRepository()

const partials = async () => (await readdir(join(hub(), 'blobs'))).filter(name => name.endsWith('.incomplete'))

/** Cuts the connection after some bytes, the given number of times. */
function cut(bytes: number, times: number): void {
  server().send = (content, response) => {
    if (times-- <= 0) return void response.end(content)
    response.write(content.subarray(0, bytes))
    // After what has been written, and not instead of it.
    response.socket?.end()
  }
}

describe('hubDownload', () => {
  test('lays the cache out as Python does', async () => {
    const commit = server().commit('org/tiny', files)
    const path = await download('unet/model.safetensors')
    expect(path).toBe(join(hub(), 'snapshots', commit, 'unet', 'model.safetensors'))
    const [blob] = await readdir(join(hub(), 'blobs'))
    expect(blob).toMatch(/^[0-9a-f]{64}$/)
    expect(await readlink(path)).toBe(join('..', '..', '..', 'blobs', blob as string))
    expect((await readFile(path)).equals(weights)).toBe(true)
    expect(await readFile(join(hub(), 'refs', 'main'), 'utf8')).toBe(commit)
    await download('config.json')
    expect((await readdir(join(hub(), 'blobs'))).map(name => name.length).sort()).toEqual([40, 64])
    expect(await readdir(join(folder(), 'hub', '.locks', 'models--org--tiny'))).toEqual([])
  })

  test('asks once for the bytes of a file, and for nothing where a commit is cached', async () => {
    const revision = server().commit('org/tiny', files)
    await download('config.json')
    await download('config.json')
    expect(server().seen(/^GET .*config\.json/)).toHaveLength(1)
    const before = server().requests.length
    await download('config.json', { revision })
    expect(server().requests).toHaveLength(before)
  })

  test('fetches a branch with a slash, a tag and a commit', async () => {
    const commit = server().commit('org/tiny', { 'config.json': 'one' }, { branch: 'feature/new' })
    server().commit('org/tiny', { 'config.json': 'two' }, { branch: 'v2' })
    const read = async (revision: string) => readFile(await download('config.json', { revision }), 'utf8')
    expect([await read('feature/new'), await read('v2'), await read(commit)]).toEqual(['one', 'two', 'one'])
    expect(await readFile(join(hub(), 'refs', 'feature', 'new'), 'utf8')).toBe(commit)
  })

  test('follows a branch that has moved', async () => {
    server().commit('org/tiny', { 'config.json': 'one' })
    await download('config.json')
    server().commit('org/tiny', { 'config.json': 'two' })
    expect(await readFile(await download('config.json'), 'utf8')).toBe('two')
  })

  test('tells how far it is', async () => {
    server().commit('org/tiny', files)
    const onProgress = jest.fn()
    await download('unet/model.safetensors', { onProgress })
    expect(onProgress).toHaveBeenLastCalledWith({
      repository: 'org/tiny',
      file: 'unet/model.safetensors',
      fileBytes: weights.length,
      fileTotal: weights.length,
      bytes: weights.length,
      total: weights.length,
    })
  })

  test.each([
    ['takes no room twice where there can be no symbolic links', () => undefined, true],
    [
      'copies where there can be no links at all',
      () => {
        const promises = require('node:fs/promises') as typeof import('node:fs/promises')
        jest.spyOn(promises, 'link').mockRejectedValue(Object.assign(new Error('no'), { code: 'EPERM' }))
      },
      false,
    ],
  ])('%s', async (_, prepare, isSame) => {
    process.env['HF_HUB_DISABLE_SYMLINKS'] = '1'
    server().commit('org/tiny', files)
    prepare()
    const path = await download('config.json')
    jest.restoreAllMocks()
    await expect(readlink(path)).rejects.toThrow('EINVAL')
    expect(await readFile(path, 'utf8')).toBe(files['config.json'])
    const [blob = ''] = await readdir(join(hub(), 'blobs'))
    expect((await stat(path)).ino === (await stat(join(hub(), 'blobs', blob))).ino).toBe(isSame)
    expect(await readdir(join(path, '..'))).toEqual(['config.json'])
  })

  test('keeps an empty file', async () => {
    server().commit('org/tiny', { 'empty.txt': '' })
    expect(await readFile(await download('empty.txt'), 'utf8')).toBe('')
  })

  test('fetches a file once for two who ask at the same time', async () => {
    server().commit('org/tiny', files)
    const paths = await Promise.all([download('unet/model.safetensors'), download('unet/model.safetensors')])
    expect(paths[0]).toBe(paths[1])
    expect(server().requests.filter(({ host }) => host === 'storage')).toHaveLength(1)
  })

  test('takes over the lock of a process that has ended', async () => {
    server().commit('org/tiny', { 'config.json': 'one' })
    const locks = join(folder(), 'hub', '.locks', 'models--org--tiny')
    await mkdir(locks, { recursive: true })
    const { hostname } = jest.requireActual<typeof import('node:os')>('node:os')
    const etag = '43dd47ea691c90a5fa7827892c70241913351963' // of "one", as `git hash-object` gives it
    await writeFile(join(locks, `${etag}.tesserae.lock`), `4194399 ${hostname()} x`)
    expect(await readFile(await download('config.json'), 'utf8')).toBe('one')
    expect(await readdir(locks)).toEqual([])
  })
})

describe('a download that breaks off', () => {
  test('continues where it ended', async () => {
    server().commit('org/tiny', files)
    cut(100_000, 2)
    expect((await readFile(await download('unet/model.safetensors'))).equals(weights)).toBe(true)
    const ranges = server()
      .seen(/^GET .*signature/)
      .map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(headers.range ?? 'bytes=0-')?.[1]))
    // fetch may lose the last of what came in before a connection broke.
    expect(ranges).toHaveLength(3)
    expect(ranges[0]).toBe(0)
    expect(ranges[1]).toBeGreaterThan(0)
    expect(ranges[2]).toBeGreaterThan(ranges[1] as number)
  })

  test('is resumed by the next call, after it was cancelled', async () => {
    server().commit('org/tiny', files)
    const controller = new AbortController()
    server().send = (content, response) => void response.write(content.subarray(0, 120_000))
    const onProgress = ({ bytes }: { bytes: number }) => bytes >= 120_000 && controller.abort()
    const cancelled = download('unet/model.safetensors', { signal: controller.signal, onProgress })
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' })
    expect(await partials()).toHaveLength(1)
    server().send = (content, response) => void response.end(content)
    expect((await readFile(await download('unet/model.safetensors'))).equals(weights)).toBe(true)
    expect(server().requests.at(-1)?.headers.range).toBe('bytes=120000-')
    expect(await partials()).toEqual([])
  })

  test('begins again where the server has no ranges', async () => {
    server().commit('org/tiny', files)
    cut(100_000, 1)
    server().faults.push(({ headers, host }) => {
      if (host === 'storage') delete headers.range
      return false
    })
    expect((await readFile(await download('unet/model.safetensors'))).equals(weights)).toBe(true)
  })

  test('fails after some attempts that bring nothing, and keeps what has come', async () => {
    server().commit('org/tiny', files)
    cut(1000, 1)
    server().faults.push(({ host, headers }, response) => {
      if (host === 'storage' && headers.range !== undefined) response.destroy()
      return response.destroyed
    })
    const failing = download('unet/model.safetensors')
    await expect(failing).rejects.toThrow(HubConnectionError)
    await expect(failing).rejects.toMatchObject({
      code: 'HUB_CONNECTION',
      message: expect.stringContaining('try again'),
    })
    expect(await partials()).toHaveLength(1)
  })

  test('fails when the server falls silent', async () => {
    server().commit('org/tiny', files)
    let bytes = 10
    server().send = (content, response) => {
      response.write(content.subarray(0, bytes))
      bytes = 0
    }
    const silent = download('unet/model.safetensors', { timeout: 60, attempts: 1 })
    await expect(silent).rejects.toThrow(/did not answer for 0\.06 s/)
  })

  test('waits for a slow server', async () => {
    server().commit('org/tiny', files)
    server().send = async (content, response) => {
      for (let at = 0; at < content.length; at += 100_000) {
        response.write(content.subarray(at, at + 100_000))
        await new Promise(resolve => setTimeout(resolve, 60))
      }
      response.end()
    }
    expect((await readFile(await download('unet/model.safetensors', { timeout: 5000 }))).equals(weights)).toBe(true)
  })
})

describe('a lock that was taken for abandoned', () => {
  test('spoils nothing: who had it and who has it fill the same file', async () => {
    server().commit('org/tiny', files)
    let second: Promise<string> | undefined
    const until = async (isSo: () => boolean | Promise<boolean>) => {
      while (!(await isSo())) await new Promise(resolve => setTimeout(resolve, 5))
    }
    const asksForTheRest = () => server().requests.some(({ headers }) => headers.range !== undefined)
    const hasBegun = async () => {
      const [name] = await partials()
      return name !== undefined && (await stat(join(hub(), 'blobs', name))).size > 0
    }
    server().send = async (content, response) => {
      for (let at = 0; at < content.length; at += 20_000) {
        response.write(content.subarray(at, at + 20_000))
        await new Promise(resolve => setTimeout(resolve, 5))
        if (at !== 100_000 || second) continue
        await until(hasBegun)
        const locks = join(folder(), 'hub', '.locks', 'models--org--tiny')
        for (const name of await readdir(locks)) await rm(join(locks, name))
        second = download('unet/model.safetensors')
        // Both are at work, however slow the machine is.
        await until(asksForTheRest)
      }
      response.end()
    }
    const first = await download('unet/model.safetensors')
    expect(await second).toBe(first)
    expect((await readFile(first)).equals(weights)).toBe(true)
    expect(await partials()).toEqual([])
    expect(asksForTheRest()).toBe(true)
  })
})

describe('content that is not right', () => {
  test.each(['unet/model.safetensors', 'config.json'])('is refused twice, and never shown: %s', async file => {
    server().commit('org/tiny', files)
    server().send = (content, response) => void response.end(Buffer.alloc(content.length, 'x'))
    const failing = download(file)
    await expect(failing).rejects.toThrow(CorruptDownloadError)
    await expect(failing).rejects.toMatchObject({ code: 'CORRUPT_DOWNLOAD', file })
    expect(await readdir(join(hub(), 'blobs'))).toEqual([])
    await expect(stat(join(hub(), 'snapshots'))).rejects.toThrow('ENOENT')
  })

  test('is fetched once more', async () => {
    server().commit('org/tiny', files)
    let times = 0
    server().send = (content, response) => void response.end(times++ === 0 ? Buffer.alloc(content.length) : content)
    expect((await readFile(await download('unet/model.safetensors'))).equals(weights)).toBe(true)
  })

  test('of no stated size is read up to 64 MiB', async () => {
    const commit = server().commit('org/tiny', files)
    let sent = 0
    server().faults.push(({ method }, response) => {
      response.setHeader('etag', `"${'a'.repeat(40)}"`)
      response.setHeader('x-repo-commit', commit)
      if (method === 'HEAD') return Boolean(response.end())
      const zeros = Readable.from(
        (function* () {
          for (;;) {
            sent += 2 ** 20
            yield Buffer.alloc(2 ** 20)
          }
        })(),
      )
      zeros.pipe(response)
      response.on('close', () => zeros.destroy())
      return true
    })
    const failing = download('config.json', { timeout: 30_000, attempts: 1 })
    await expect(failing).rejects.toThrow(InvalidHubAnswerError)
    await expect(failing).rejects.toThrow('the size of config.json is not stated, and more than 67108864 bytes came in')
    expect(sent).toBeLessThan(2 ** 27)
  })

  test('that an earlier attempt has left is discarded', async () => {
    server().commit('org/tiny', files)
    cut(100_000, 1)
    server().faults.push(({ headers }, response) => headers.range !== undefined && Boolean(response.destroy()))
    await expect(download('unet/model.safetensors', { attempts: 1 })).rejects.toThrow(HubConnectionError)
    server().faults.length = 0
    const [name] = await partials()
    await writeFile(join(hub(), 'blobs', name as string), Buffer.alloc(100_000))
    expect((await readFile(await download('unet/model.safetensors'))).equals(weights)).toBe(true)
  })

  test('is not trusted when a content of the cache has another size', async () => {
    server().commit('org/tiny', files)
    const path = await download('config.json')
    const blob = join(hub(), 'blobs', (await readdir(join(hub(), 'blobs')))[0] as string)
    await writeFile(blob, '{')
    server().commit('org/tiny', { ...files, 'new.txt': '' })
    const again = await download('config.json')
    expect(again).not.toBe(path)
    expect(await readFile(again, 'utf8')).toBe(files['config.json'])
  })
})

describe('without a network', () => {
  test('a branch is what it was when the last download of it was whole', async () => {
    server().commit('org/tiny', files)
    const path = await download('unet/model.safetensors')
    server().commit('org/tiny', { ...files, 'unet/model.safetensors': Buffer.alloc(300_000, 'new') })
    const controller = new AbortController()
    const onProgress = ({ bytes }: { bytes: number }) => bytes > 0 && controller.abort()
    await expect(download('unet/model.safetensors', { signal: controller.signal, onProgress })).rejects.toThrow()
    expect(await download('unet/model.safetensors', { localFilesOnly: true })).toBe(path)
  })

  test('and with nothing cached, it says what cannot be reached', async () => {
    const endpoint = await closedAddress()
    process.env['HF_ENDPOINT'] = endpoint
    const failing = hubDownload('org/tiny', 'config.json')
    await expect(failing).rejects.toThrow(HubConnectionError)
    await expect(failing).rejects.toMatchObject({ code: 'HUB_CONNECTION', host: new URL(endpoint).host })
    await expect(failing).rejects.toThrow(
      /^org\/tiny: there is no folder of that name here, and 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/,
    )
    expect(await readdir(folder())).toEqual([])
  })

  test.each([['HF_HUB_OFFLINE', {}] as const, ['localFilesOnly', { localFilesOnly: true }] as const])(
    'gives what is cached and asks no server: %s',
    async (reason, more) => {
      server().commit('org/tiny', files)
      const path = await download('config.json')
      const before = server().requests.length
      if (reason === 'HF_HUB_OFFLINE') process.env['HF_HUB_OFFLINE'] = '1'
      expect(await download('config.json', more)).toBe(path)
      const failing = download('unet/model.safetensors', more)
      await expect(failing).rejects.toThrow(OfflineModeError)
      await expect(failing).rejects.toMatchObject({ reason, missing: ['unet/model.safetensors'] })
      await expect(download('config.json', { ...more, revision: 'v1' })).rejects.toThrow(/"v1"/)
      expect(server().requests).toHaveLength(before)
    },
  )
})
