import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  TokenRefusedError,
} from '../../../components'
import type { HubOptions } from '../../../components/hub/hub-options'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { refuse, useHubServer } from './hub-server'

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

/** Cuts the connection after some bytes, the given number of times. */
function cut(bytes: number, times: number): void {
  server().send = (content, response) => {
    if (times-- <= 0) return void response.end(content)
    response.write(content.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20))
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
    expect(await readFile(path)).toEqual(weights)
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

  test('copies where there can be no links', async () => {
    process.env['HF_HUB_DISABLE_SYMLINKS'] = '1'
    server().commit('org/tiny', files)
    const path = await download('config.json')
    expect((await stat(path)).isFile()).toBe(true)
    await expect(readlink(path)).rejects.toThrow('EINVAL')
    expect(await readFile(path, 'utf8')).toBe(files['config.json'])
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
  test('goes on where it ended', async () => {
    server().commit('org/tiny', files)
    cut(100_000, 2)
    expect(await readFile(await download('unet/model.safetensors'))).toEqual(weights)
    const ranges = server()
      .seen(/^GET .*signature/)
      .map(({ headers }) => headers.range)
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-'])
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
    expect(await readFile(await download('unet/model.safetensors'))).toEqual(weights)
    expect(server().requests.at(-1)?.headers.range).toBe('bytes=120000-')
    expect(await partials()).toEqual([])
  })

  test('begins anew where the server has no ranges', async () => {
    server().commit('org/tiny', files)
    cut(100_000, 1)
    server().faults.push(({ headers, host }) => {
      if (host === 'storage') delete headers.range
      return false
    })
    expect(await readFile(await download('unet/model.safetensors'))).toEqual(weights)
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
    expect(await readFile(await download('unet/model.safetensors', { timeout: 500 }))).toEqual(weights)
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
    expect(await readFile(await download('unet/model.safetensors'))).toEqual(weights)
  })

  test('that an earlier attempt has left is thrown away', async () => {
    server().commit('org/tiny', files)
    cut(100_000, 1)
    server().faults.push(({ headers }, response) => headers.range !== undefined && Boolean(response.destroy()))
    await expect(download('unet/model.safetensors', { attempts: 1 })).rejects.toThrow(HubConnectionError)
    server().faults.length = 0
    const [name] = await partials()
    await writeFile(join(hub(), 'blobs', name as string), Buffer.alloc(100_000))
    expect(await readFile(await download('unet/model.safetensors'))).toEqual(weights)
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

  test('for ever', async () => {
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

  test('nothing that is cached, where the server is down or gone', async () => {
    const path = await download('config.json')
    server().faults.push((_, response) => {
      refuse(response, 500, undefined, 'broken')
      return true
    })
    expect(await download('config.json')).toBe(path)
    expect(await download('config.json', { endpoint: 'http://127.0.0.1:1' })).toBe(path)
    await expect(download('unet/model.safetensors', { endpoint: 'http://127.0.0.1:1' })).rejects.toThrow(
      HubConnectionError,
    )
  })
})

describe('without a network', () => {
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

  test('are not sent where none is wanted', async () => {
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

  test('are in no error, also where the server repeats them', async () => {
    server().faults.push(({ headers }, response) => {
      refuse(response, 400, undefined, `cannot read ${headers.authorization}`)
      return true
    })
    const error = await download('config.json', { token: TOKEN }).catch(error => error)
    expect(error).toBeInstanceOf(HubRequestError)
    expect(inspect(error, { depth: 9, showHidden: true }) + error.stack).not.toContain(TOKEN)
  })

  test('that can be none are not repeated', async () => {
    const failing = download('config.json', { token: `${TOKEN}\u00e9 x` })
    await expect(failing).rejects.toThrow(InvalidHubSettingError)
    await expect(failing).rejects.toThrow(expect.not.objectContaining({ message: expect.stringContaining(TOKEN) }))
  })
})

describe('names', () => {
  test.each(['tiny', 'org/tiny/more', '../tiny', 'org/..', 'org/a--b', '/org/tiny', 'org\\tiny'])(
    'that are no id: %s',
    async id => {
      await expect(hubDownload(id, 'config.json', options())).rejects.toThrow(InvalidRepositoryNameError)
    },
  )

  test.each(['../config.json', '/etc/passwd', 'a/../../b', 'a\\b', 'C:/x', '', 'a//b'])(
    'that are no path in a repository: "%s"',
    async file => {
      await expect(download(file)).rejects.toThrow(InvalidRepositoryNameError)
    },
  )

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

  test('of endpoints that are no address', async () => {
    await expect(download('config.json', { endpoint: 'hub' })).rejects.toThrow(InvalidHubSettingError)
  })
})
