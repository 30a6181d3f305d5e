/** A server that speaks the Hub's API on this machine, and a second one, for large files, on another address. It can be told to misbehave. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A file as the Hub keeps it: large ones under their SHA-256, the others under git's hash. */
interface StoredFile {
  readonly content: Buffer
  readonly gitHash: string
  readonly sha256: string
  readonly isLarge: boolean
}

/** A repository. */
interface Repository {
  /** Commit → path → file. */
  readonly commits: Map<string, Map<string, StoredFile>>
  /** Branch or tag → commit. */
  readonly refs: Map<string, string>
  /** Token that its readers need. */
  token?: string | undefined
  isGated?: boolean | undefined
  isPrivate?: boolean | undefined
}

/** A request that came in. */
export interface SeenRequest {
  readonly host: 'hub' | 'storage'
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

/** What a fault can do with a request; `true` if it has been answered. */
export type Fault = (request: SeenRequest, response: ServerResponse) => boolean | Promise<boolean>

/** How the bytes of a file go out. */
export type Sending = (content: Buffer, response: ServerResponse) => void | Promise<void>

export class HubServer {
  /** What has been asked, in order. */
  readonly requests: SeenRequest[] = []
  /** Asked before each request; the first that answers ends it. */
  readonly faults: Fault[] = []
  /** Sends the bytes of files. */
  send: Sending = (content, response) => void response.end(content)
  /** How many files the list of a commit has on one page. */
  pageSize = 1000
  /** Tokens that are known at all. */
  readonly tokens = new Set<string>()
  /** Uploaded by SHA-256. */
  readonly uploads = new Map<string, Buffer>()
  private readonly repositories = new Map<string, Repository>()
  private readonly servers: Server[] = []
  private hubPort = 0
  private storagePort = 0

  /** Address of the Hub. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.hubPort}`
  }

  /** Address of the storage, which must never see a token. */
  get storage(): string {
    return `http://127.0.0.1:${this.storagePort}`
  }

  async start(): Promise<void> {
    this.hubPort = await this.listen('hub', (request, url, response, body) => this.hub(request, url, response, body))
    this.storagePort = await this.listen('storage', (request, url, response, body) =>
      this.store(request, url, response, body),
    )
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }

  /** Adds a commit to a repository, which is made if none exists; large are the files that match. */
  commit(
    id: string,
    files: Readonly<Record<string, string | Buffer>>,
    {
      branch = 'main',
      large = /\.safetensors$/,
      ...access
    }: { branch?: string; large?: RegExp; token?: string; isGated?: boolean } = {},
  ): string {
    const repository = this.repositories.get(id) ?? { commits: new Map(), refs: new Map() }
    Object.assign(repository, access)
    this.repositories.set(id, repository)
    const tree = new Map<string, StoredFile>()
    for (const [path, text] of Object.entries(files)) tree.set(path, storedFile(Buffer.from(text), large.test(path)))
    return this.record(repository, tree, branch)
  }

  /** The files of a branch, as bytes. */
  files(id: string, branch = 'main'): Map<string, Buffer> {
    const repository = this.repositories.get(id)
    const tree = repository?.commits.get(repository.refs.get(branch) ?? '')
    return new Map([...(tree ?? [])].map(([path, { content }]) => [path, content]))
  }

  /** Whether a repository is there, and private. */
  isPrivate(id: string): boolean | undefined {
    return this.repositories.get(id)?.isPrivate
  }

  /** The requests so far that match. */
  seen(pattern: RegExp): SeenRequest[] {
    return this.requests.filter(({ method, path }) => pattern.test(`${method} ${path}`))
  }

  private record(repository: Repository, tree: Map<string, StoredFile>, branch: string): string {
    const names = [...tree].map(([path, { sha256 }]) => `${path} ${sha256}`).join('\n')
    const commit = createHash('sha1').update(`${names}\n${repository.commits.size}`).digest('hex')
    repository.commits.set(commit, tree)
    repository.refs.set(branch, commit)
    return commit
  }

  private async listen(
    host: SeenRequest['host'],
    answer: (seen: SeenRequest, url: URL, response: ServerResponse, body: Buffer) => unknown,
  ): Promise<number> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      try {
        for await (const chunk of request) chunks.push(chunk as Buffer)
      } catch {
        return // The client has gone.
      }
      const url = new URL(request.url ?? '', 'http://here')
      const seen = { host, method: request.method ?? '', path: request.url ?? '', headers: request.headers }
      this.requests.push(seen)
      for (const fault of [...this.faults]) if (await fault(seen, response)) return
      await answer(seen, url, response, Buffer.concat(chunks))
    })
    this.servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  private hub(seen: SeenRequest, url: URL, response: ServerResponse, body: Buffer): unknown {
    const { headers, method } = seen
    const token = headers.authorization?.replace('Bearer ', '')
    if (token !== undefined && !this.tokens.has(token)) {
      return refuse(response, 401, undefined, 'Invalid credentials in Authorization header')
    }
    if (method === 'POST' && url.pathname === '/api/repos/create') return this.create(response, body, token)
    const [, api, id = '', rest = ''] =
      /^(\/api\/models)?\/([\w.-]+\/[\w-]+(?:\.[\w-]+)*?)(?:\.git)?\/(.+)$/.exec(url.pathname) ?? []
    const repository = this.repositories.get(id)
    if (repository === undefined)
      return refuse(response, token ? 404 : 401, token ? 'RepoNotFound' : undefined, 'Repository not found')
    if (repository.token !== undefined && token !== repository.token) {
      if (repository.isGated) return refuse(response, token ? 403 : 401, 'GatedRepo', 'Access to model is restricted')
      return refuse(response, 401, 'RepoNotFound', 'Repository not found')
    }
    const [action = '', encoded = '', ...path] = rest.split('/')
    const revision = decodeURIComponent(encoded).replace(/^HEAD$/, 'main')
    if (method === 'POST' && action === 'branch') return this.branch(repository, revision, response, token)
    if (method === 'POST') return this.write(id, repository, rest, url, response, body, token)
    const commit = repository.refs.get(revision) ?? revision
    const tree = repository.commits.get(commit)
    if (tree === undefined) return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`)
    if (api !== undefined && action === 'revision') {
      return json(response, { _id: '1', id, sha: commit, siblings: [...tree.keys()].map(rfilename => ({ rfilename })) })
    }
    if (api !== undefined && action === 'tree') return this.list(tree, url, response)
    return this.resolve(tree, commit, path.map(decodeURIComponent).join('/'), seen, response)
  }

  private list(tree: Map<string, StoredFile>, url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const entries = [...tree].map(([path, { content, gitHash, sha256, isLarge }]) => ({
      type: 'file',
      path,
      size: content.length,
      oid: gitHash,
      ...(isLarge && { lfs: { oid: sha256, size: content.length, pointerSize: 130 } }),
    }))
    const next = from + this.pageSize
    if (next < entries.length) {
      url.searchParams.set('cursor', String(next))
      response.setHeader('link', `<${this.endpoint}${url.pathname}${url.search}>; rel="next"`)
    }
    json(response, entries.slice(from, next))
  }

  private resolve(
    tree: Map<string, StoredFile>,
    commit: string,
    path: string,
    seen: SeenRequest,
    response: ServerResponse,
  ): unknown {
    response.setHeader('x-repo-commit', commit)
    const file = tree.get(path)
    if (file === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found')
    if (!file.isLarge) return this.sendFile(file.content, file.gitHash, seen, response)
    response.setHeader('x-linked-etag', `"${file.sha256}"`)
    response.setHeader('x-linked-size', file.content.length)
    response.setHeader('location', `${this.storage}/${file.sha256}?signature=secret`)
    response.writeHead(302).end()
  }

  private store(seen: SeenRequest, url: URL, response: ServerResponse, body: Buffer): unknown {
    const hash = url.pathname.slice(1)
    // As the real storage does with a request that is signed twice.
    if (seen.headers.authorization !== undefined)
      return refuse(response, 400, undefined, 'Only one auth mechanism allowed')
    if (seen.method === 'PUT') {
      this.uploads.set(hash, body)
      return void response.end()
    }
    for (const { commits } of this.repositories.values()) {
      for (const tree of commits.values()) {
        const file = [...tree.values()].find(({ sha256 }) => sha256 === hash)
        if (file)
          return this.sendFile(file.content, createHash('md5').update(file.content).digest('hex'), seen, response)
      }
    }
    refuse(response, 404, undefined, 'no such object')
  }

  private sendFile(content: Buffer, etag: string, seen: SeenRequest, response: ServerResponse): unknown {
    response.setHeader('etag', `"${etag}"`)
    response.setHeader('accept-ranges', 'bytes')
    const start = Number(/^bytes=(\d+)-/.exec(seen.headers.range ?? '')?.[1] ?? -1)
    if (start >= content.length) {
      response.setHeader('content-range', `bytes */${content.length}`)
      return void response.writeHead(416).end()
    }
    if (start >= 0) {
      response.statusCode = 206
      response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`)
    }
    const part = content.subarray(Math.max(0, start))
    response.setHeader('content-length', part.length)
    if (seen.method === 'HEAD') return void response.end()
    return this.send(part, response)
  }

  private create(response: ServerResponse, body: Buffer, token: string | undefined): unknown {
    if (token === undefined) return refuse(response, 401, undefined, 'Invalid username or password.')
    const { organization, name, visibility } = JSON.parse(body.toString())
    const id = `${organization}/${name}`
    if (this.repositories.has(id)) return refuse(response, 409, undefined, 'You already created this model repo')
    this.repositories.set(id, { commits: new Map(), refs: new Map(), isPrivate: visibility === 'private' })
    return json(response, { url: `${this.endpoint}/${id}`, id })
  }

  private branch(repository: Repository, name: string, response: ServerResponse, token: string | undefined): unknown {
    if (token === undefined || token.includes('read')) return refuse(response, 403, undefined, 'Forbidden')
    if (repository.refs.has(name)) return refuse(response, 409, undefined, `Reference "refs/heads/${name}" exists`)
    repository.refs.set(name, repository.refs.get('main') ?? '')
    json(response, {})
  }

  private write(
    id: string,
    repository: Repository,
    rest: string,
    url: URL,
    response: ServerResponse,
    body: Buffer,
    token: string | undefined,
  ): unknown {
    if (token === undefined || token.includes('read')) return refuse(response, 403, undefined, 'Forbidden')
    if (rest === 'info/lfs/objects/batch') {
      const { objects, transfers } = JSON.parse(body.toString()) as {
        objects: { oid: string; size: number }[]
        transfers: string[]
      }
      // The Hub prefers its newer way of uploading, where it is known; its storage answers 404 to questions for what it does not have.
      const xet = {
        'X-Xet-Cas-Url': this.storage,
        'X-Xet-Access-Token': 'xet',
        'X-Xet-Token-Expiration': '99999999999',
      }
      const isXet = transfers.includes('xet')
      return json(response, {
        transfer: isXet ? 'xet' : 'basic',
        objects: objects.map(({ oid, size }) => ({
          oid,
          size,
          ...(!this.uploads.has(oid) && {
            actions: {
              upload: { href: `${this.storage}/${oid}?signature=secret`, ...(isXet && { header: xet }) },
            },
          }),
        })),
      })
    }
    const [action, encoded = ''] = rest.split('/')
    const wanted = decodeURIComponent(encoded)
    if (wanted !== 'main' && !repository.refs.has(wanted))
      return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${wanted}`)
    if (action === 'preupload') {
      const { files } = JSON.parse(body.toString()) as { files: { path: string }[] }
      return json(response, {
        files: files.map(({ path }) => ({ path, uploadMode: path.endsWith('.safetensors') ? 'lfs' : 'regular' })),
      })
    }
    const branch = url.searchParams.has('create_pr') ? 'refs/pr/1' : wanted
    const before = repository.commits.get(repository.refs.get(branch) ?? '')
    const tree = new Map(before)
    for (const line of body.toString().trim().split('\n')) {
      const { key, value } = JSON.parse(line)
      if (key === 'deletedFile') tree.delete(value.path)
      if (key === 'file') tree.set(value.path, storedFile(Buffer.from(value.content, 'base64'), false))
      if (key === 'lfsFile') {
        const content = this.uploads.get(value.oid)
        if (content === undefined) return refuse(response, 400, undefined, `${value.path} was not uploaded`)
        tree.set(value.path, storedFile(content, true))
      }
    }
    const commit = this.record(repository, tree, branch)
    const pullRequestUrl = branch.startsWith('refs/pr/') ? `${this.endpoint}/${id}/discussions/1` : undefined
    return json(response, {
      commitOid: commit,
      commitUrl: `${this.endpoint}/${id}/commit/${commit}`,
      hookOutput: '',
      pullRequestUrl,
    })
  }
}

/** A server for the tests of one file. */
export function useHubServer(): () => HubServer {
  let server: HubServer
  beforeEach(async () => {
    server = new HubServer()
    await server.start()
  })
  afterEach(() => server.stop())
  return () => server
}

/** An address on this machine where nobody listens. */
export async function closedAddress(): Promise<string> {
  const listener = createServer()
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  await new Promise(resolve => listener.close(resolve))
  return `http://127.0.0.1:${port}`
}

/** Refuses as the Hub does. */
export function refuse(response: ServerResponse, status: number, kind: string | undefined, message: string): void {
  if (kind !== undefined) response.setHeader('x-error-code', kind)
  response.setHeader('x-error-message', message)
  response.setHeader('x-request-id', 'request-1')
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }))
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function storedFile(content: Buffer, isLarge: boolean): StoredFile {
  return {
    content,
    isLarge,
    gitHash: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
    sha256: createHash('sha256').update(content).digest('hex'),
  }
}
