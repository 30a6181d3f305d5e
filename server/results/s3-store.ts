/** A result store in a bucket of S3, or of any service that speaks its protocol: MinIO, Ceph, R2, and many others. */
import type { AwsClient } from 'aws4fetch'
import { pipelineOfId } from '../queue/new-job'
import { ResultStoreError } from './result-errors'
import type { ResultStore, StoredFile } from './result-store'
import { mediaTypeOf, storePath } from './store-path'

/** Options of an {@link S3Store}. */
export interface S3StoreOptions {
  /** Name of the bucket. */
  readonly bucket: string
  /** Begins the keys of all files, without slashes around it. Default: none. */
  readonly prefix?: string | undefined
  /** Address of the service, e.g. `http://localhost:9000`. Default: the environment variable `AWS_ENDPOINT_URL`, otherwise that of Amazon. */
  readonly endpoint?: string | undefined
  /** Default: the environment variable `AWS_REGION`, otherwise `us-east-1`. */
  readonly region?: string | undefined
  /** Default: the environment variable `AWS_ACCESS_KEY_ID`. */
  readonly accessKeyId?: string | undefined
  /** Default: the environment variable `AWS_SECRET_ACCESS_KEY`. */
  readonly secretAccessKey?: string | undefined
  /** Default: the environment variable `AWS_SESSION_TOKEN`. */
  readonly sessionToken?: string | undefined
}

/** How often a request is tried again that the service did not take. */
const RETRIES = 4

/** Files of a bucket. A service shows the old file or the new, and so does this store. */
export class S3Store implements ResultStore {
  private readonly client: AwsClient
  private readonly root: string
  private readonly prefix: string
  private readonly name: string

  /** @throws ResultStoreError if aws4fetch is not installed, there are no credentials, or a name is none */
  constructor(options: S3StoreOptions) {
    const { env } = process
    const { bucket, prefix = '', endpoint = env.AWS_ENDPOINT_URL, region = env.AWS_REGION || 'us-east-1' } = options
    const { accessKeyId = env.AWS_ACCESS_KEY_ID, secretAccessKey = env.AWS_SECRET_ACCESS_KEY } = options
    const sessionToken = options.sessionToken ?? env.AWS_SESSION_TOKEN
    this.name = `s3://${bucket}`
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw this.error('this is not the name of a bucket.')
    if (prefix !== '') storePath(prefix.split('/')[0] as string, prefix.split('/').slice(1).join('/') || undefined)
    if (endpoint && !/^https?:\/\//.test(endpoint))
      throw this.error(`"${endpoint}" is not an address: name http://… or https://….`)
    if (!accessKeyId || !secretAccessKey) {
      throw this.error('there are no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.')
    }
    const { AwsClient: Client } = this.load()
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
    this.client = new Client({ ...credentials, region, service: 's3', retries: RETRIES })
    // Other services need not have a name for each bucket.
    this.root = endpoint ? `${endpoint.replace(/\/+$/, '')}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`
    this.prefix = prefix === '' ? '' : `${prefix}/`
  }

  async put(job: string, key: string, bytes: Uint8Array): Promise<void> {
    const headers = { 'content-type': mediaTypeOf(key), 'content-length': String(bytes.length) }
    const answer = await this.ask('PUT', storePath(job, key), { body: bytes as Uint8Array<ArrayBuffer>, headers })
    await this.requireOk(answer, 'written')
  }

  async open(job: string, key: string): Promise<StoredFile | undefined> {
    const answer = await this.ask('GET', storePath(job, key))
    if (answer.status === 404) {
      await answer.body?.cancel()
      return undefined
    }
    await this.requireOk(answer, 'read', true)
    const stream = answer.body ?? new Blob([]).stream()
    return { stream, mediaType: mediaTypeOf(key), size: Number(answer.headers.get('content-length') ?? 0) }
  }

  async remove(job: string, key: string): Promise<void> {
    await this.removePath(storePath(job, key))
  }

  async removeJob(job: string): Promise<void> {
    const folder = `${storePath(job)}/`
    // Each page is removed before the next is asked for.
    for (let paths = await this.list(folder); paths.length > 0; paths = await this.list(folder)) {
      for (const path of paths) await this.removePath(path)
    }
  }

  async removeOlderThan(time: number): Promise<string[]> {
    const latest = new Map<string, number>()
    for await (const { path, modified } of this.listAll()) {
      const job = path.split('/', 1)[0] as string
      // The bucket may hold other things.
      if (pipelineOfId(job) !== undefined) latest.set(job, Math.max(latest.get(job) ?? 0, modified))
    }
    const expired = [...latest].filter(([, modified]) => modified < time).map(([job]) => job)
    for (const job of expired) await this.removeJob(job)
    return expired
  }

  async check(): Promise<void> {
    const probe = ['probe', `${process.pid}.json`] as const
    await this.put(...probe, new TextEncoder().encode('{}'))
    await this.remove(...probe)
  }

  async close(): Promise<void> {}

  /** One page of the files of a folder. */
  private async list(folder: string): Promise<string[]> {
    const { files } = await this.listPage(folder)
    return files.map(({ path }) => path)
  }

  /** The files of all folders, page by page. */
  private async *listAll(): AsyncGenerator<ListedFile, void, void> {
    let token: string | undefined
    do {
      const page = await this.listPage('', token)
      yield* page.files
      token = page.next
    } while (token !== undefined)
  }

  private async listPage(folder: string, token?: string): Promise<{ files: ListedFile[]; next: string | undefined }> {
    const query = new URLSearchParams({ 'list-type': '2', prefix: this.prefix + folder })
    if (token !== undefined) query.set('continuation-token', token)
    const answer = await this.ask('GET', '', {}, query)
    await this.requireOk(answer, 'read', true)
    const text = await answer.text()
    const files: ListedFile[] = []
    for (const [, content = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      // Keys of ours are made of letters, digits and signs that XML leaves as they are.
      const key = elementOf(content, 'Key') ?? ''
      const path = key.slice(this.prefix.length)
      if (!key.startsWith(this.prefix) || !path.startsWith(folder)) continue
      // What has no time is as new as can be.
      const modified = Date.parse(elementOf(content, 'LastModified') ?? '')
      files.push({ path, modified: Number.isNaN(modified) ? Number.POSITIVE_INFINITY : modified })
    }
    const next = elementOf(text, 'IsTruncated') === 'true' ? elementOf(text, 'NextContinuationToken') : undefined
    return { files, next: next && unescapeXml(next) }
  }

  private async removePath(path: string): Promise<void> {
    const answer = await this.ask('DELETE', path)
    if (answer.status === 404) await answer.body?.cancel()
    else await this.requireOk(answer, 'written')
  }

  private async ask(method: string, path: string, init: RequestInit = {}, query?: URLSearchParams): Promise<Response> {
    const url = path === '' ? `${this.root}/?${query}` : `${this.root}/${this.prefix}${path}`
    try {
      return await this.client.fetch(url, { method, ...init })
    } catch (cause) {
      throw this.error(`it does not answer: ${(cause as Error).message}. Check its address and the network.`, cause)
    }
  }

  /** @throws ResultStoreError for an answer that reports a failure; what it says besides is not passed on, as it may name the account */
  private async requireOk(answer: Response, how: 'read' | 'written', isBodyNeeded = false): Promise<void> {
    if (answer.ok && isBodyNeeded) return
    const text = await answer.text()
    if (answer.ok) return
    const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? `status ${answer.status}`
    throw this.error(
      `it cannot be ${how} (${code}). Check the name of the bucket and the permissions of the credentials.`,
    )
  }

  private load(): typeof import('aws4fetch') {
    try {
      return require('aws4fetch') as typeof import('aws4fetch')
    } catch (cause) {
      throw this.error('it needs a package. Run npm install aws4fetch.', cause)
    }
  }

  private error(problem: string, cause?: unknown): ResultStoreError {
    return new ResultStoreError(`${this.name}: ${problem}`, cause)
  }
}

/** A file of the bucket. */
interface ListedFile {
  /** Behind the prefix. */
  readonly path: string
  /** Milliseconds since 1970. */
  readonly modified: number
}

/** The text of an element that holds no others. */
function elementOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}

/** A token may hold any character. */
function unescapeXml(text: string): string {
  const signs: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => signs[name] as string)
}
