/** A result store in a bucket of S3, or of any service that speaks its protocol: MinIO, Ceph, R2, and many others. */
import type { AwsClient } from 'aws4fetch'
import { ResultStoreError } from './result-errors'
import type { ResultStore, StoredFile } from './result-store'
import { mediaTypeOf, storePath } from './store-path'

/** Options of an {@link S3Store}. */
export interface S3StoreOptions {
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

  async check(): Promise<void> {
    const probe = ['probe', `${process.pid}.json`] as const
    await this.put(...probe, new TextEncoder().encode('{}'))
    await this.remove(...probe)
  }

  async close(): Promise<void> {}

  private async list(folder: string): Promise<string[]> {
    const query = new URLSearchParams({ 'list-type': '2', prefix: this.prefix + folder })
    const answer = await this.ask('GET', '', {}, query)
    await this.requireOk(answer, 'read', true)
    // Keys are made of letters, digits and signs that XML leaves as they are.
    const keys = [...(await answer.text()).matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key)
    return keys.map(key => key.slice(this.prefix.length)).filter(path => path.startsWith(folder))
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
      throw this.error(
        `it does not answer: ${(cause as Error).message}. Look after its address and the network.`,
        cause,
      )
    }
  }

  /** @throws ResultStoreError for an answer that tells of a failure; what it says besides is not passed on, as it may name the account */
  private async requireOk(answer: Response, how: 'read' | 'written', isBodyNeeded = false): Promise<void> {
    if (answer.ok && isBodyNeeded) return
    const text = await answer.text()
    if (answer.ok) return
    const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? `status ${answer.status}`
    throw this.error(`it cannot be ${how} (${code}). Look after the bucket's name and what the credentials allow.`)
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
