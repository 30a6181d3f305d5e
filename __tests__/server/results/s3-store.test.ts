/** Results in a bucket, with a server of the protocol in this process. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import S3rver from 's3rver'
import { InvalidKeyError, openResultStore, ResultStoreError, S3Store } from 'tesserae/server'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { freePort } from '../redis-server'
import { describeStore, read } from './store-contract'

const folder = useTemporaryFolder()
const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

let server: S3rver | undefined
let endpoint = ''
beforeEach(async () => {
  const port = await freePort()
  endpoint = `http://127.0.0.1:${port}`
  const buckets = [{ name: 'pictures', configs: [] }]
  server = new S3rver({ port, address: '127.0.0.1', silent: true, directory: folder(), configureBuckets: buckets })
  await server.run()
})
afterEach(async () => {
  await server?.close()
  server = undefined
})

const open = (prefix?: string) => new S3Store({ bucket: 'pictures', endpoint, prefix, ...keys })

describeStore('a bucket', async () => open())
describeStore('a part of a bucket', async () => open('a/part'))

test('parts of a bucket are apart', async () => {
  const [one, other] = [open('one'), open()]
  await one.put('emoji~1', 'a.png', new Uint8Array([65]))
  await other.put('emoji~1', 'a.png', new Uint8Array([66]))
  await other.removeJob('emoji~1')
  expect(await read(one, 'emoji~1', 'a.png')).toBe('A')
})

test('a store is opened by its place', async () => {
  const { env } = process
  const old = { ...env }
  Object.assign(env, { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' })
  try {
    const store = openResultStore(`s3://pictures/x?endpoint=${encodeURIComponent(endpoint)}`)
    await store.check()
    expect(() => openResultStore('s3://pictures?key=1')).toThrow('"key"')
    expect(() => openResultStore('ftp://pictures')).toThrow(ResultStoreError)
    expect(() => openResultStore('s3://pictures/../x')).not.toThrow()
  } finally {
    process.env = old
  }
})

test('a bucket that is missing, credentials that are wrong, or none, are errors that say so', async () => {
  const missing = new S3Store({ bucket: 'nothing', endpoint, ...keys })
  await expect(missing.check()).rejects.toThrow('NoSuchBucket')
  const wrong = new S3Store({ bucket: 'pictures', endpoint, ...keys, accessKeyId: 'OTHER' })
  await expect(wrong.check()).rejects.toThrow(ResultStoreError)
  expect(() => new S3Store({ bucket: 'pictures', accessKeyId: '', secretAccessKey: '' })).toThrow('credentials')
  expect(() => new S3Store({ bucket: 'No', ...keys })).toThrow('bucket')
  expect(() => new S3Store({ bucket: 'pictures', prefix: '../x', ...keys })).toThrow(InvalidKeyError)
  expect(() => new S3Store({ bucket: 'pictures', endpoint: 'localhost', ...keys })).toThrow('localhost')
})

test('a request that the service does not take is tried again', async () => {
  let asked = 0
  const busy: Server = createServer((_, response) => {
    response.statusCode = ++asked < 3 ? 503 : 200
    response.end()
  }).listen(0, '127.0.0.1')
  await once(busy, 'listening')
  const { port } = busy.address() as { port: number }
  const store = new S3Store({ bucket: 'pictures', endpoint: `http://127.0.0.1:${port}`, ...keys })
  await store.put('emoji~1', 'a.png', new Uint8Array(1))
  expect(asked).toBe(3)
  busy.close()
})

test('a service that is not there is an error', async () => {
  const store = new S3Store({ bucket: 'pictures', endpoint: `http://127.0.0.1:${await freePort()}`, ...keys })
  await expect(store.put('emoji~1', 'a.png', new Uint8Array(1))).rejects.toThrow('does not answer')
})

test('a listing of many files is read page by page', async () => {
  const tokens: (string | null)[] = []
  const removed: string[] = []
  const pages: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    if (request.method === 'DELETE') {
      removed.push(url.pathname)
      response.statusCode = 204
      response.end()
      return
    }
    if (url.searchParams.get('prefix') !== '') {
      const isThere = !removed.some(path => path.includes(url.searchParams.get('prefix') ?? ''))
      response.end(isThere ? `<Contents><Key>${url.searchParams.get('prefix')}a.png</Key></Contents>` : '')
      return
    }
    const token = url.searchParams.get('continuation-token')
    tokens.push(token)
    const file = (key: string, time: string) =>
      `<Contents><Key>${key}</Key><LastModified>${time}</LastModified></Contents>`
    response.end(
      token === null
        ? `<X>${file('emoji~1/a.png', '2020-01-01T00:00:00Z')}<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken></X>`
        : `<X>${file('emoji~1/b.png', '2030-01-01T00:00:00Z')}${file('emoji~2/a.png', '2020-01-01T00:00:00Z')}</X>`,
    )
  })
  pages.listen(0, '127.0.0.1')
  await once(pages, 'listening')
  const { port } = pages.address() as { port: number }
  const store = new S3Store({ bucket: 'pictures', endpoint: `http://127.0.0.1:${port}`, ...keys })
  // The first job has a newer file on the second page.
  expect(await store.removeOlderThan(Date.parse('2025-01-01'))).toEqual(['emoji~2'])
  expect(tokens).toEqual([null, 'a&b'])
  expect(removed).toEqual(['/pictures/emoji~2/a.png'])
  pages.close()
})
