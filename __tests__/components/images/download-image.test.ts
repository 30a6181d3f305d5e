/** Pictures of the web, from a server of the test's own. */
import { writeFileSync } from 'node:fs'
import { createServer, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadImage } from '../../../components/images/load-image'
import { failureOf } from '../../blocks/use-emoji-model'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from '../hub/hub-environment'
import { countingImage } from './pictures'

const folder = useTemporaryFolder()
useHubEnvironment(folder)

const picture = countingImage(5, 3)
let png: Buffer
let server: Server
/** What the server answers to each path. */
const answers: Record<string, (answer: ServerResponse) => void> = {
  '/cat.png': answer => answer.end(png),
  '/moved': answer => answer.writeHead(302, { location: '/cat.png?signature=secret' }).end(),
  '/circle': answer => answer.writeHead(302, { location: '/circle' }).end(),
  '/file': answer => answer.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/page': answer => answer.end('<html></html>'),
  '/announced': answer => answer.writeHead(200, { 'content-length': 2 ** 40 }).flushHeaders(),
  '/silent': () => undefined,
  '/stalls': answer => answer.write(png.subarray(0, 20)),
  '/endless': answer => {
    const more = () => {
      if (answer.destroyed) return
      if (answer.write(Buffer.alloc(2 ** 20))) setImmediate(more)
      else answer.once('drain', more)
    }
    more()
  },
}

beforeAll(async () => {
  png = await picture.toPng()
  server = createServer((asked, answer) => {
    const respond = answers[new URL(asked.url as string, 'http://x').pathname]
    if (respond) respond(answer)
    else answer.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`

test.each(['/cat.png', '/cat.png?signature=secret', '/moved'])('loads %s', async path => {
  expect(await loadImage(at(path))).toEqual(picture)
  expect(await loadImage(new URL(at(path)))).toEqual(picture)
})

test('loads paths and file URLs', async () => {
  const file = join(folder(), 'cat.png')
  writeFileSync(file, png)
  for (const source of [file, pathToFileURL(file), pathToFileURL(file).href]) {
    expect(await loadImage(source)).toEqual(picture)
  }
  expect(await failureOf(loadImage(join(folder(), 'dog.png')))).toMatchObject({ code: 'MISSING_FILE' })
})

test.each([
  ['/none.png?signature=secret', 'the server answered with the status 404'],
  ['/circle', 'redirects more than 10 times'],
  ['/file', 'redirects to something that is not a web address'],
  ['/announced', 'has more than'],
  ['/endless', 'has more than'],
])('refuses %s', async (path, problem) => {
  const error = await failureOf(loadImage(at(path), { maxPixels: 16 }))
  expect(error).toMatchObject({ code: 'IMAGE_DOWNLOAD', address: at(path.replace(/\?.*/, '')) })
  expect(String(error)).toContain(problem)
  expect(String(error)).not.toContain('secret')
})

test('refuses addresses with a password, and does not repeat it', async () => {
  const error = await failureOf(loadImage(at('/cat.png').replace('//', '//me:secret@')))
  expect(String(error)).toContain('has a name or a password in its address')
  expect(String(error)).not.toContain('secret')
})

test('says of what is not a picture what it is', async () => {
  expect(await failureOf(loadImage(at('/page')))).toMatchObject({ code: 'INVALID_IMAGE', source: at('/page') })
})

test.each(['/silent', '/stalls'])('gives up waiting for a server that falls silent: %s', async path => {
  const error = await failureOf(loadImage(at(path), { timeout: 100 }))
  expect(error).toMatchObject({ code: 'IMAGE_DOWNLOAD' })
  expect(String(error)).toContain('did not answer for 0.1 s')
})

test.each(['/silent', '/stalls'])('ends when its signal fires: %s', async path => {
  const controller = new AbortController()
  const failure = failureOf(loadImage(at(path), { signal: controller.signal }))
  controller.abort(new Error('enough'))
  expect(String(await failure)).toBe('Error: enough')
})

test('goes through the proxy that the environment names', async () => {
  const seen: string[] = []
  const proxy = createServer((asked, answer) => {
    seen.push(asked.url as string)
    asked.pipe(request(at(new URL(asked.url as string).pathname), response => response.pipe(answer)))
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  process.env['http_proxy'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  expect(await loadImage('http://pictures.invalid/cat.png')).toEqual(picture)
  expect(seen).toEqual(['http://pictures.invalid/cat.png'])
  proxy.closeAllConnections()
  await new Promise(resolve => proxy.close(resolve))
})
