/** A Hub that answers anything, for the readers of its answers. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { anyValue, jsonFile, spoiled } from './inputs'

/** What the Hub answers. */
export interface HubAnswers {
  readonly status: number
  /** To the question for the commit of a revision, and for its files. */
  readonly info: string
  readonly tree: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly content: string
}

const COMMIT = '0123456789abcdef0123456789abcdef01234567'
const NAMES = [
  'config.json',
  '../x',
  '/etc/x',
  'a\\b',
  'a/../b',
  '%2e%2e/x',
  'C:x',
  'a\0b',
  'x'.repeat(2000),
  'unet/config.json',
  '',
]

const file = spoiled({ type: 'file', path: 'config.json', size: 2, oid: '9e26dfeeb6e641a33dae4961196235bdb965b21b' })
const named = fc.tuple(file, fc.constantFrom(...NAMES)).map(([entry, path]) => ({ ...entry, path }))

/** Answers that are nearly right. */
export const hubAnswers: fc.Arbitrary<HubAnswers> = fc.record({
  status: fc.oneof({ weight: 9, arbitrary: fc.constant(200) }, fc.constantFrom(204, 206, 301, 302, 401, 404, 416, 500)),
  info: jsonFile(
    spoiled({
      sha: COMMIT,
      id: 'org/x',
      modelId: 'org/x',
      siblings: [],
      private: false,
      gated: false,
      downloads: 1,
      likes: 1,
      lastModified: '2024-01-01T00:00:00Z',
    }),
  ),
  tree: jsonFile(fc.oneof(fc.array(fc.oneof(file, named), { maxLength: 3 }), anyValue)),
  headers: spoiled({
    'x-repo-commit': COMMIT,
    etag: '"9e26dfeeb6e641a33dae4961196235bdb965b21b"',
    'content-length': undefined,
    'x-linked-etag': undefined,
    'x-linked-size': undefined,
    location: undefined,
    'x-error-code': undefined,
    'x-error-message': undefined,
    'content-range': undefined,
  }),
  content: fc.oneof(fc.constant('{}'), fc.string()),
})

let answers: HubAnswers
let server: Promise<Server> | undefined

/** The address of a server on this machine that gives these answers from now on. It does not keep the process alive. */
export async function serve(next: HubAnswers): Promise<string> {
  answers = next
  server ??= new Promise(resolve => {
    const made = createServer(({ url = '', method }, response) => answer(url, method === 'HEAD', response))
    made.listen(0, '127.0.0.1', () => resolve(made)).unref()
  })
  return `http://127.0.0.1:${((await server).address() as AddressInfo).port}`
}

/** Ends the server. */
export async function stopServing(): Promise<void> {
  const running = await server
  server = undefined
  running?.closeAllConnections()
  running?.close()
}

function answer(url: string, isHead: boolean, response: ServerResponse): void {
  const { status, headers, info, tree, content } = answers
  const isApi = url.startsWith('/api/')
  response.statusCode = status
  for (const [name, value] of Object.entries(isApi ? {} : headers)) {
    try {
      if (value !== undefined && value !== null) response.setHeader(name, String(value).slice(0, 2000))
    } catch {
      // Not a header that a server could send.
    }
  }
  response.end(isHead ? undefined : isApi ? (url.includes('/tree/') ? tree : info) : content)
}
