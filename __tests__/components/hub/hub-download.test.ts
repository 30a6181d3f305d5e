import { mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import {
  CorruptDownloadError,
  EntryNotFoundError,
  GatedRepoError,
  HubConnectionError,
  HubRequestError,
  hubDownload,
  InvalidHubAnswerError,
  InvalidHubSettingError,
  InvalidRepositoryNameError,
  OfflineModeError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
  snapshotDownload,
  TokenRefusedError,
} from '../../../components'
import type { HubOptions } from '../../../components/hub/hub-options'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { closedAddress, refuse, useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const TOKEN = 'hf_averysecrettoken'
const weights = Buffer.alloc(300_000, 'weights of a model, ')
const files = { 'config.json': '{"a": 1}\n', 'unet/model.safetensors': weights }
const hub = (): string => join(folder(), 'hub', 'models--org--tiny')
const options = (more: HubOptions = {}): HubOptions => ({
  endpoint: server().endpoint,
  retryDelay: 1,
  attempts: 3,
  timeout: 2000,
  ...more,
})
const download = (file: string, more?: HubOptions) => hubDownload('org/tiny', file, options(more))
const partials = async () => (await readdir(join(hub(), 'blobs'))).filter(name => name.endsWith('.incomplete'))

/** All that can be printed of an error, with what it was caused by. */
function everythingOf(error: Error): string {
  const causes: unknown[] = []
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes.push(cause.stack, cause.message)
  return inspect(error, { depth: 9, showHidden: true }) + causes.join()
}

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
    expect((await readFile(await download('unet/model.safetensors', { timeout: 500 }))).equals(weights)).toBe(true)
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

describe('what the Hub refuses', () => {
  beforeEach(() => {
    server().tokens.add(TOKEN)
    server().commit('org/tiny', files)
  })

  test('no such repository', async () => {
    const failing = hubDownload('org/other', 'config.json', options())
    await expect(failing).rejects.toThrow(RepositoryNotFoundError)
    await expect(failing).rejects.toThrow(/no such repository on the Hub.*HF_TOKEN/)
    const known = hubDownload('org/other', 'config.json', options({ token: TOKEN }))
    await expect(known).rejects.toMatchObject({ code: 'REPOSITORY_NOT_FOUND', status: 404, requestId: 'request-1' })
  })

  test('no such revision', async () => {
    const failing = download('config.json', { revision: 'v9' })
    await expect(failing).rejects.toThrow(RevisionNotFoundError)
    await expect(failing).rejects.toThrow('has no revision "v9"')
  })

  test('no such file, which is remembered as Python does', async () => {
    const failing = download('other.json')
    await expect(failing).rejects.toThrow(EntryNotFoundError)
    await expect(failing).rejects.toMatchObject({ file: 'other.json', status: 404 })
    const commit = await readFile(join(hub(), 'refs', 'main'), 'utf8')
    expect(await readdir(join(hub(), '.no_exist', commit))).toEqual(['other.json'])
  })

  test('a repository whose readers are let in one by one', async () => {
    server().commit('org/gated', files, { token: 'hf_other', isGated: true })
    const failing = hubDownload('org/gated', 'config.json', options({ token: TOKEN }))
    await expect(failing).rejects.toThrow(GatedRepoError)
    await expect(failing).rejects.toThrow(`${server().endpoint}/org/gated`)
  })

  test('a token that is not valid', async () => {
    const failing = download('config.json', { token: 'hf_wrong' })
    await expect(failing).rejects.toThrow(TokenRefusedError)
    await expect(failing).rejects.toMatchObject({ code: 'TOKEN_REFUSED', status: 401 })
  })

  test('a token that does not allow it', async () => {
    server().faults.push((_, response) => {
      refuse(response, 403, undefined, 'Forbidden')
      return true
    })
    await expect(download('config.json', { token: TOKEN })).rejects.toThrow(/does not allow this/)
  })

  test.each([429, 500, 503])('for a while, with the status %i', async status => {
    let times = 2
    server().faults.push((_, response) => {
      if (times-- <= 0) return false
      response.setHeader('retry-after', '0')
      refuse(response, status, undefined, 'later')
      return true
    })
    expect(await readFile(await download('config.json'), 'utf8')).toBe(files['config.json'])
  })

  test.each([
    ['goes on for ever', (response: ServerResponse) => void response.write('x'.repeat(100_000))],
    ['falls silent', (response: ServerResponse) => void response.write('{"error": "')],
  ])('with a page that %s', async (_, write) => {
    server().faults.push((_, response) => {
      response.writeHead(500)
      write(response)
      return true
    })
    // The list is asked for with GET: the answer to HEAD has no body.
    const failing = snapshotDownload('org/tiny', options({ attempts: 1, timeout: 100 }))
    await expect(failing).rejects.toMatchObject({ code: 'HUB_REQUEST', status: 500 })
  })

  test('by another host, which no token has to do with', async () => {
    server().faults.push(({ host }, response) => {
      if (host === 'storage') refuse(response, 403, undefined, 'Request has expired')
      return host === 'storage'
    })
    const failing = download('unet/model.safetensors', { token: TOKEN })
    await expect(failing).rejects.toThrow(/Request has expired/)
    await expect(failing).rejects.toMatchObject({ code: 'HUB_REQUEST', status: 403 })
  })

  test('what its owner may not give any more', async () => {
    server().faults.push((_, response) => {
      refuse(response, 403, undefined, 'Access to this resource is disabled.')
      return true
    })
    await expect(download('config.json', { token: TOKEN })).rejects.toMatchObject({ code: 'HUB_REQUEST' })
  })

  test.each([
    ['a number', () => '30', 30],
    ['a date', () => new Date(Date.now() + 30_000).toUTCString(), 30],
    ['neither', () => 'soon', undefined],
  ])('until later, as %s says', async (_, value, seconds) => {
    server().faults.push((_, response) => {
      response.setHeader('retry-after', value())
      refuse(response, 429, undefined, 'too many requests')
      return true
    })
    const error = await download('config.json', { attempts: 1 }).catch(error => error)
    expect(error.status).toBe(429)
    if (seconds === undefined) expect(error.retryAfter).toBeUndefined()
    else expect(Math.abs(error.retryAfter - seconds)).toBeLessThan(10)
  })

  test('forever', async () => {
    server().faults.push((_, response) => {
      refuse(response, 503, undefined, 'down for maintenance')
      return true
    })
    const failing = download('config.json')
    await expect(failing).rejects.toThrow(HubRequestError)
    await expect(failing).rejects.toThrow(/down for maintenance/)
    expect(server().requests).toHaveLength(3)
  })

  test('by an answer that names no commit', async () => {
    server().faults.push((_, response) => {
      response.end('a page of some proxy')
      return true
    })
    await expect(download('config.json')).rejects.toThrow(InvalidHubAnswerError)
  })

  test.each([500, 429])(
    'nothing that is cached, where the server is down (%i) or gone; it is asked once',
    async status => {
      const path = await download('config.json')
      server().faults.push((_, response) => {
        refuse(response, status, undefined, 'broken')
        return true
      })
      const before = server().requests.length
      expect(await download('config.json')).toBe(path)
      expect(server().requests).toHaveLength(before + 1)
      const endpoint = await closedAddress()
      expect(await download('config.json', { endpoint })).toBe(path)
      await expect(download('unet/model.safetensors', { endpoint })).rejects.toThrow(HubConnectionError)
    },
  )
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

describe('tokens', () => {
  const sent = () => new Set(server().requests.map(({ headers }) => headers.authorization))

  beforeEach(() => {
    server().tokens.add(TOKEN)
    server().commit('org/tiny', files)
  })

  test.each(['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'])('come from %s', async name => {
    process.env[name] = `${TOKEN}\n`
    await download('config.json')
    expect(sent()).toEqual(new Set([`Bearer ${TOKEN}`]))
  })

  test('come from the file of the login', async () => {
    await writeFile(join(folder(), 'token'), `${TOKEN}\n`)
    await download('config.json')
    expect(sent()).toEqual(new Set([`Bearer ${TOKEN}`]))
  })

  test('come from the file that HF_TOKEN_PATH names', async () => {
    process.env['HF_TOKEN_PATH'] = join(folder(), 'elsewhere')
    await writeFile(join(folder(), 'elsewhere'), TOKEN)
    await download('config.json')
    expect(sent()).toEqual(new Set([`Bearer ${TOKEN}`]))
  })

  test('are not sent if none is wanted', async () => {
    process.env['HF_TOKEN'] = TOKEN
    await download('config.json', { token: false })
    expect(sent()).toEqual(new Set([undefined]))
  })

  test('are seen by no other host', async () => {
    await download('unet/model.safetensors', { token: TOKEN })
    const hosts = server().requests.map(({ host, headers }) => [host, headers.authorization])
    expect(hosts).toEqual([
      ['hub', `Bearer ${TOKEN}`],
      ['hub', `Bearer ${TOKEN}`],
      ['storage', undefined],
    ])
  })

  test('are seen by no other host that the API sends us to', async () => {
    server().faults.push(({ host, path, method }, response) => {
      if (host === 'storage' || !path.startsWith('/api/')) return false
      response.writeHead(method === 'GET' ? 302 : 307, { location: `${server().storage}${path}` }).end()
      return true
    })
    await expect(snapshotDownload('org/tiny', options({ token: TOKEN, attempts: 1 }))).rejects.toThrow(HubRequestError)
    const hosts = server().requests.map(({ host, headers }) => [host, headers.authorization])
    expect(hosts).toEqual([
      ['hub', `Bearer ${TOKEN}`],
      ['storage', undefined],
    ])
  })

  test('follow a repository that was renamed', async () => {
    server().faults.push(({ path }, response) => {
      if (!path.startsWith('/org/old/')) return false
      response.writeHead(307, { location: path.replace('/org/old/', '/org/tiny/') }).end()
      return true
    })
    const path = await hubDownload('org/old', 'config.json', options({ token: TOKEN }))
    expect(await readFile(path, 'utf8')).toBe(files['config.json'])
    expect(sent()).toEqual(new Set([`Bearer ${TOKEN}`]))
  })

  test.each([
    ['the reason', (response: ServerResponse, said: string) => refuse(response, 400, undefined, `cannot read ${said}`)],
    [
      'the number of the request',
      (response: ServerResponse, said: string) => {
        response.setHeader('x-request-id', said)
        response.writeHead(400).end(JSON.stringify({ error: said }))
      },
    ],
    ['an answer that is none', (response: ServerResponse, said: string) => void response.end(said)],
    [
      'the address of the next',
      (response: ServerResponse, said: string) =>
        void response.writeHead(302, { location: `ftp://${said.slice(7)}:x@127.0.0.1/${said.slice(7)}` }).end(),
    ],
  ])('are in no error of a list, also where the server repeats them: %s', async (_, answer) => {
    server().faults.push(({ headers }, response) => {
      answer(response, String(headers.authorization))
      return true
    })
    for (const ask of [
      () => snapshotDownload('org/tiny', options({ token: TOKEN, attempts: 1 })),
      () => download('config.json', { token: TOKEN, attempts: 1 }),
    ]) {
      const error = await ask().catch(error => error)
      expect(error.code).toMatch(/^(?:HUB_REQUEST|HUB_CONNECTION|INVALID_HUB_ANSWER)$/)
      expect(everythingOf(error)).not.toContain(TOKEN)
    }
  })

  test('are in no event', async () => {
    const events: unknown[] = []
    await download('unet/model.safetensors', { token: TOKEN, onProgress: event => events.push(event) })
    expect(events.length).toBeGreaterThan(0)
    expect(inspect(events, { depth: 9, showHidden: true })).not.toMatch(/hf_|signature/)
  })

  test('are in no error, also where the server repeats them', async () => {
    server().faults.push(({ headers }, response) => {
      refuse(response, 400, undefined, `cannot read ${headers.authorization}`)
      return true
    })
    const error = await download('config.json', { token: TOKEN }).catch(error => error)
    expect(error).toBeInstanceOf(HubRequestError)
    expect(everythingOf(error)).not.toContain(TOKEN)
  })

  test('that can be none are not repeated', async () => {
    const failing = download('config.json', { token: `${TOKEN}\u00e9 x` })
    await expect(failing).rejects.toThrow(InvalidHubSettingError)
    await expect(failing).rejects.toThrow(expect.not.objectContaining({ message: expect.stringContaining(TOKEN) }))
  })
})

describe('names', () => {
  test.each(['tiny', 'org/tiny/more', '../tiny', 'org/..', 'org/a--b', '/org/tiny', 'org\\tiny'])(
    'that are not ids: %s',
    async id => {
      await expect(hubDownload(id, 'config.json', options())).rejects.toThrow(InvalidRepositoryNameError)
    },
  )

  test.each(['../config.json', '/etc/passwd', 'a/../../b', 'a\\b', 'C:/x', '', 'a//b'])(
    'that are not paths in a repository: "%s"',
    async file => {
      await expect(download(file)).rejects.toThrow(InvalidRepositoryNameError)
    },
  )

  test('that are not texts, as JavaScript may give them', async () => {
    const nothing = undefined as unknown as string
    await expect(hubDownload(nothing, 'config.json')).rejects.toThrow(InvalidRepositoryNameError)
    await expect(hubDownload('org/tiny', nothing)).rejects.toThrow(InvalidRepositoryNameError)
  })

  test('of revisions that lead out of the cache', async () => {
    await expect(download('config.json', { revision: '../../x' })).rejects.toThrow(InvalidRepositoryNameError)
  })

  test('of contents that lead out of the cache', async () => {
    const commit = server().commit('org/tiny', files)
    server().faults.push((_, response) => {
      response.writeHead(200, { etag: '"../../../evil"', 'x-repo-commit': commit }).end()
      return true
    })
    await expect(download('config.json')).rejects.toThrow(InvalidHubAnswerError)
  })

  test('of endpoints that are not addresses', async () => {
    await expect(download('config.json', { endpoint: 'hub' })).rejects.toThrow(InvalidHubSettingError)
  })

  test('of endpoints with a password, which is not repeated', async () => {
    const error = await download('config.json', { endpoint: 'http://me:secret@127.0.0.1:1' }).catch(error => error)
    expect(error).toBeInstanceOf(InvalidHubSettingError)
    expect(everythingOf(error)).not.toContain('secret')
  })
})

describe('numbers that are none', () => {
  test.each([
    ['attempts', Number.NaN],
    ['attempts', 0],
    ['attempts', 1.5],
    ['retryDelay', -1],
    ['timeout', Number.NaN],
    ['timeout', Number.POSITIVE_INFINITY],
  ])('%s: %d', async (name, value) => {
    const failing = download('config.json', { [name]: value })
    await expect(failing).rejects.toThrow(InvalidHubSettingError)
    await expect(failing).rejects.toThrow(`the option ${name} must be a`)
    expect(server().requests).toEqual([])
  })
})
