/** What the Hub refuses, and names and numbers that are refused before it is asked. */
import { readdir, readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  EntryNotFoundError,
  GatedRepoError,
  HubConnectionError,
  HubRequestError,
  hubDownload,
  InvalidHubAnswerError,
  InvalidHubSettingError,
  InvalidRepositoryNameError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
  snapshotDownload,
  TokenRefusedError,
} from '../../../components'
import { closedAddress, refuse } from './hub-server'
import { files, useTinyRepository } from './use-tiny-repository'

const { server, hub, options, download } = useTinyRepository()

const TOKEN = 'hf_averysecrettoken'

/** All that can be printed of an error, with what it was caused by. */
function everythingOf(error: Error): string {
  const causes: unknown[] = []
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes.push(cause.stack, cause.message)
  return inspect(error, { depth: 9, showHidden: true }) + causes.join()
}

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
    const failing = snapshotDownload('org/tiny', options({ attempts: 1, timeout: 2000 }))
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
