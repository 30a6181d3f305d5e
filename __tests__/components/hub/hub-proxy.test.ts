/** The Hub behind a proxy, which alone knows where it is. */
import { readFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { snapshotDownload } from '../../../components'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { closedAddress, useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const hub = useHubServer()
useHubEnvironment(folder)

/** Requests that the proxy has seen, as `GET http://hub.invalid/…` or `CONNECT hub.invalid:443`, and who made them. */
let seen: string[]
let authorizations: (string | undefined)[]
let proxy: Server
/** What the proxy answers to CONNECT. */
let refusal: string

beforeEach(async () => {
  seen = []
  authorizations = []
  refusal = '502 Bad Gateway'
  proxy = createServer((asked, answer) => {
    seen.push(`${asked.method} ${asked.url}`)
    authorizations.push(asked.headers['proxy-authorization'])
    const { pathname, search } = new URL(asked.url as string)
    const options = { method: asked.method, headers: asked.headers }
    asked.pipe(
      request(new URL(pathname + search, hub().endpoint), options, response => {
        answer.writeHead(response.statusCode as number, response.headers)
        response.pipe(answer)
      }),
    )
  })
  proxy.on('connect', (asked, socket) => {
    seen.push(`CONNECT ${asked.url}`)
    authorizations.push(asked.headers['proxy-authorization'])
    socket.end(`HTTP/1.1 ${refusal}\r\n\r\n`)
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  proxy.closeAllConnections()
  await new Promise(resolve => proxy.close(resolve))
})

const place = () => `127.0.0.1:${(proxy.address() as AddressInfo).port}`
const download = (endpoint: string) =>
  snapshotDownload('org/tiny', { endpoint, retryDelay: 1, attempts: 2, timeout: 10_000 })

describe('A proxy that the environment names', () => {
  test.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])('by %s carries the requests', async name => {
    hub().commit('org/tiny', { 'model_index.json': '{}' })
    process.env[name] = `http://${place()}`
    const path = await download('http://hub.invalid')
    expect(await readFile(join(path, 'model_index.json'), 'utf8')).toBe('{}')
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.every(line => line.includes('http://hub.invalid/'))).toBe(true)
  })

  test('is given the name and the password of its address', async () => {
    hub().commit('org/tiny', { 'model_index.json': '{}' })
    process.env['http_proxy'] = `http://me:s%40cret@${place()}`
    await download('http://hub.invalid')
    expect(new Set(authorizations)).toEqual(new Set([`Basic ${Buffer.from('me:s@cret').toString('base64')}`]))
  })

  test.each(['HTTPS_PROXY', 'https_proxy'])(
    'by %s is asked to connect, and its refusal is reported without its password',
    async name => {
      refusal = '407 Proxy Authentication Required'
      process.env[name] = `http://me:secret@${place()}`
      const error: Error = await download('https://hub.invalid').catch(error => error)
      expect(seen).toEqual(['CONNECT hub.invalid:443'])
      expect(error).toMatchObject({ code: 'HUB_CONNECTION' })
      expect(error.message).toContain(`407`)
      expect(error.message).toContain(`(${name} names the proxy ${place()})`)
      for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
        expect(`${cause.message} ${cause.stack}`).not.toMatch(/secret|bWU6c2VjcmV0/)
      }
    },
  )

  test.each(['NO_PROXY', 'no_proxy'])('is passed by for the servers of %s', async name => {
    hub().commit('org/tiny', { 'model_index.json': '{}' })
    process.env['HTTP_PROXY'] = `http://${place()}`
    process.env[name] = 'elsewhere.example,127.0.0.1'
    await download(hub().endpoint)
    expect(seen).toEqual([])
  })

  test('for the other protocol is not asked', async () => {
    hub().commit('org/tiny', { 'model_index.json': '{}' })
    process.env['HTTPS_PROXY'] = `http://${place()}`
    await download(hub().endpoint)
    expect(seen).toEqual([])
  })

  test('that does not answer is named', async () => {
    const closed = new URL(await closedAddress()).host
    process.env['HTTP_PROXY'] = closed
    await expect(download('http://hub.invalid')).rejects.toThrow(`(HTTP_PROXY names the proxy ${closed})`)
  })

  test.each(['socks5://me:secret@127.0.0.1:1080', 'http://me:secret@[broken'])(
    'is refused if it is %s, without being repeated',
    async address => {
      process.env['HTTP_PROXY'] = address
      const error: Error = await download('http://hub.invalid').catch(error => error)
      expect(error).toMatchObject({ code: 'INVALID_HUB_SETTING' })
      expect(error.message).toContain('HTTP_PROXY')
      expect(error.message).not.toContain('secret')
    },
  )
})
