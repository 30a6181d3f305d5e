/** Tokens: which one is sent where, and that none is printed. */
import { readFile, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { HubRequestError, hubDownload, InvalidHubSettingError, snapshotDownload } from '../../../components'
import { refuse } from './hub-server'
import { files, useTinyRepository } from './use-tiny-repository'

const { folder, server, options, download } = useTinyRepository()

const TOKEN = 'hf_averysecrettoken'

/** All that can be printed of an error, with what it was caused by. */
function everythingOf(error: Error): string {
  const causes: unknown[] = []
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes.push(cause.stack, cause.message)
  return inspect(error, { depth: 9, showHidden: true }) + causes.join()
}

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
