/** Asks the Hub: with the token for the Hub alone, again where it makes sense, and with an error for each refusal. Counterpart: huggingface_hub utils/_http.py. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseJson, refusalLoop } from '../../src/format/parse-json'
import { SETTINGS } from '../../src/format/text-limits'
import { joinSignals } from '../../src/runtime/on-abort'
import { runInSlices } from '../../src/runtime/time-slice'
import {
  EntryNotFoundError,
  GatedRepoError,
  type HubAnswer,
  HubConnectionError,
  HubRequestError,
  type HubTarget,
  InvalidHubAnswerError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
  TokenRefusedError,
} from './hub-errors'
import { proxyFor } from './hub-proxy'
import { hubEndpoint, hubToken, numberOption } from './hub-settings'
import { isCommit } from './repository-names'
import { requestFailure } from './request-failure'
import { SilenceWatch } from './silence-watch'

/** How a client behaves. */
export interface HubClientOptions {
  endpoint?: string | undefined
  token?: string | false | undefined
  signal?: AbortSignal | undefined
  /** How often a request is tried in vain before it fails. Default: 5. */
  attempts?: number | undefined
  /** Milliseconds before the second attempt; each further wait is twice as long. Default: 1000. */
  retryDelay?: number | undefined
  /** Milliseconds of silence after which the server counts as gone. Default: 30000. */
  timeout?: number | undefined
}

/** One request. */
export interface HubRequest extends HubTarget {
  method?: 'GET' | 'HEAD'
  headers?: Readonly<Record<string, string>>
  /** Other statuses that are not failures. */
  accept?: readonly number[]
  /** Whether to leave a redirection unfollowed. */
  isEnough?: (response: Response, location: URL) => boolean
  /** Stops this request. */
  signal?: AbortSignal
}

/** How a request that failed is tried again. */
interface Patience {
  signal?: AbortSignal | undefined
  /** The server was there a moment ago: that it cannot be found now may pass as well. */
  wasThere?: boolean
  /** Whether the last attempt has brought something on; then patience is whole again. */
  hasAdvanced?: () => boolean
}

const REDIRECTS = [301, 302, 303, 307, 308]
const MOST_REDIRECTS = 10
const PASSING = [408, 429, 500, 502, 503, 504]
const LONGEST_WAIT = 60_000
/** What a server says is wrong: read no further than so many bytes, and repeat no more than so many letters. */
const LONGEST_REFUSAL = 65_536
const LONGEST_MESSAGE = 500
const LONGEST_REQUEST_ID = 100
/** Largest answer that is not a file, in bytes: a list of a thousand files has some hundred thousand. */
const LONGEST_ANSWER = 32 * 2 ** 20
/** Failures that another attempt a second later does not mend. */
const LASTING = ['ENOTFOUND', 'ECONNREFUSED', 'ERR_INVALID_URL', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED']

/** What undici says of a proxy that refuses to connect to a server. */
const PROXY_REFUSES = /^Proxy response \(4\d\d\)/

/** A connection to one Hub, with one token. */
export class HubClient {
  private readonly attempts: number
  private readonly retryDelay: number
  private readonly timeout: number
  /** Stops everything that this client does. */
  readonly signal: AbortSignal | undefined
  // Private to the language, so that nothing that prints an object prints it.
  readonly #token: string | undefined

  private constructor(
    readonly endpoint: string,
    token: string | undefined,
    { attempts, retryDelay, timeout, signal }: HubClientOptions,
  ) {
    this.#token = token
    this.attempts = numberOption('attempts', attempts ?? 5, { least: 1, isWhole: true })
    this.retryDelay = numberOption('retryDelay', retryDelay ?? 1000, { least: 0 })
    this.timeout = numberOption('timeout', timeout ?? 30_000, { least: 1 })
    this.signal = signal
  }

  /** @throws InvalidHubSettingError */
  static async open(options: HubClientOptions = {}): Promise<HubClient> {
    return new HubClient(hubEndpoint(options.endpoint), await hubToken(options.token), options)
  }

  /** Whether requests to the Hub carry a token. */
  get hasToken(): boolean {
    return this.#token !== undefined
  }

  /** Address of a file. */
  fileUrl({ repository, revision = 'main', file = '' }: HubTarget): string {
    const path = file.split('/').map(encodeURIComponent).join('/')
    return `${this.endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${path}`
  }

  /**
   * The answer to a request, with redirections followed. A failure that may pass is tried again, with longer and longer waits.
   *
   * @throws HubRequestError or one of its kinds; HubConnectionError; the reason of the signal
   */
  request(url: string, request: HubRequest): Promise<Response> {
    return this.retry(() => this.ask(url, request), { signal: request.signal })
  }

  /** Does as {@link request}, but once. */
  async ask(url: string, request: HubRequest): Promise<Response> {
    const response = await this.follow(url, request)
    const { ok, status } = response
    if (ok || REDIRECTS.includes(status) || request.accept?.includes(status)) return response
    throw await this.refusal(request, response)
  }

  /** Does some work, and again while it fails in a way that may pass. @throws what the last attempt threw; the reason of the signal */
  async retry<T>(work: () => Promise<T>, { signal, wasThere, hasAdvanced }: Patience = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (hasAdvanced?.()) attempt = 0
        if (attempt >= this.attempts || !mayPass(error, wasThere)) throw error
        await this.pause(attempt, signal, error instanceof HubRequestError ? error.retryAfter : undefined)
      }
    }
  }

  /**
   * `fetch` for libraries: adds the token, tries again what may be sent twice, and throws this module's errors for refusals.
   */
  fetchFor(target: HubTarget): typeof fetch {
    return (input, init = {}) => {
      const url = String(input instanceof Request ? input.url : input)
      const work = async () => {
        const response = await this.send(url, target, { ...init, redirect: 'follow' })
        if (!response.ok) throw await this.refusal(target, response)
        return this.whole(response, target)
      }
      return ['GET', 'PUT'].includes(init.method ?? 'GET')
        ? this.retry(work, { signal: init.signal ?? undefined })
        : work()
    }
  }

  /** A text without the token, which a server may repeat. */
  redact(text: string): string {
    return this.#token === undefined ? text : text.replaceAll(this.#token, '***')
  }

  private async pause(attempt: number, signal: AbortSignal | undefined, asked = 0): Promise<void> {
    const wait = Math.max(this.retryDelay * 2 ** Math.max(0, attempt - 1), asked * 1000)
    const { signal: either, release } = joinSignals(this.signal, signal)
    try {
      await sleep(Math.min(wait, LONGEST_WAIT), undefined, { signal: either })
    } catch (error) {
      either.throwIfAborted()
      throw error
    } finally {
      release()
    }
  }

  /**
   * The bytes of an answer. Fails when the server falls silent.
   *
   * @throws HubConnectionError; the reason of the signal
   */
  async *bytesOf(response: Response, target: HubTarget, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    if (response.body === null) return
    const reader = response.body.getReader()
    const { signal: either, release } = joinSignals(this.signal, signal)
    try {
      for (;;) {
        const { done, value } = await this.watched(response.url, target, either, () => reader.read())
        if (done) return
        yield value
      }
    } finally {
      release()
      // Cancelling a body that has failed fails again, with the same reason.
      void reader.cancel().catch(() => undefined)
    }
  }

  /** The text of an answer, read up to a limit. @throws InvalidHubAnswerError for a longer one; HubConnectionError */
  async textOf(response: Response, target: HubTarget): Promise<string> {
    return (await this.whole(response, target)).text()
  }

  /** The bytes of an answer; `undefined` where there are more than `most`, of which the rest is not read. */
  private async bodyOf(response: Response, target: HubTarget, most: number): Promise<Buffer | undefined> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of this.bytesOf(response, target)) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > most) return undefined
    }
    return Buffer.concat(chunks)
  }

  /** An answer with its body read: what breaks off is asked for again as well. */
  private async whole(response: Response, target: HubTarget): Promise<Response> {
    const body = await this.bodyOf(response, target, LONGEST_ANSWER)
    if (body === undefined) {
      throw new InvalidHubAnswerError(target.repository, `an answer has more than ${LONGEST_ANSWER} bytes.`)
    }
    // JSON takes many times its length in memory.
    const problem = await runInSlices(refusalLoop(body.toString('latin1'), SETTINGS.values))
    if (problem !== undefined)
      throw new InvalidHubAnswerError(target.repository, `an answer cannot be read: ${problem}.`)
    const { status, headers } = response
    // The body is decoded by now.
    const plain = new Headers(headers)
    for (const name of ['content-encoding', 'content-length']) plain.delete(name)
    return new Response(body.length === 0 ? null : body, { status, headers: plain })
  }

  /** Follows redirections by hand, so that the token is seen by no other host. */
  private async follow(url: string, request: HubRequest): Promise<Response> {
    let address = url
    for (let turn = 0; turn <= MOST_REDIRECTS; turn++) {
      const init = { method: request.method ?? 'GET', headers: { ...request.headers }, redirect: 'manual' as const }
      const response = await this.send(address, request, { ...init, signal: request.signal ?? null })
      const location = response.headers.get('location')
      if (!REDIRECTS.includes(response.status)) return response
      await response.body?.cancel()
      if (location === null || !URL.canParse(location, address)) break
      const next = new URL(location, address)
      if (request.isEnough?.(response, next)) return response
      // fetch refuses addresses with a password, and repeats it.
      next.username = next.password = ''
      address = next.href
    }
    throw new InvalidHubAnswerError(request.repository, 'the Hub redirects in a loop or to an invalid address.')
  }

  private async send(url: string, target: HubTarget, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('user-agent', 'tesserae')
    if (this.#token !== undefined && isSameOrigin(url, this.endpoint)) {
      headers.set('authorization', `Bearer ${this.#token}`)
    }
    const { body } = init
    const { signal, release } = joinSignals(this.signal, init.signal ?? undefined)
    const request = proxyFor(url)?.fetch ?? fetch
    // Large bodies take their time; only the silence of an answer is a failure.
    const send = (given: AbortSignal) => request(url, { ...init, headers, signal: given })
    return this.watched(url, target, signal, send, body == null).finally(release)
  }

  /** Waits for something, but not forever. */
  private async watched<T>(
    url: string,
    target: HubTarget,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
    isTimed = true,
  ): Promise<T> {
    signal.throwIfAborted()
    const watch = new SilenceWatch(isTimed ? this.timeout : undefined, signal)
    try {
      return await watch.wait(work(watch.signal))
    } catch (error) {
      signal.throwIfAborted()
      throw new HubConnectionError(target.repository, hostOf(url), requestFailure(error, url), error)
    } finally {
      watch.end()
    }
  }

  /** The error for an answer that is none. As huggingface_hub tells them apart. */
  private async refusal(target: HubTarget, response: Response): Promise<HubRequestError> {
    const { status, headers } = response
    const kind = headers.get('x-error-code')
    const said = headers.get('x-error-message') ?? (await this.messageOf(response, target)) ?? ''
    const requestId = headers.get('x-request-id')
    const answer: HubAnswer = {
      status,
      url: this.redact(withoutQuery(response.url)),
      message: said === '' ? undefined : this.redact(said).slice(0, LONGEST_MESSAGE),
      requestId: requestId === null ? undefined : this.redact(requestId).slice(0, LONGEST_REQUEST_ID),
      commit: commitIn(headers),
      retryAfter: secondsOf(headers.get('retry-after')),
    }
    if (kind === 'RevisionNotFound') return new RevisionNotFoundError(target, answer)
    if (kind === 'EntryNotFound') return new EntryNotFoundError(target, answer)
    if (kind === 'GatedRepo') return new GatedRepoError(target, answer, this.endpoint)
    // Other hosts are shown no token, so they cannot refuse it.
    const isHub = isSameOrigin(response.url, this.endpoint)
    const isInvalidToken = status === 401 && /invalid (credentials|username or password)|expired/i.test(said)
    if (isHub && (isInvalidToken || (status === 403 && !/is disabled/i.test(said))))
      return new TokenRefusedError(target, answer, this.hasToken)
    // The Hub does not tell strangers whether a private repository is there.
    if (kind === 'RepoNotFound' || (isHub && status === 401)) {
      return new RepositoryNotFoundError(target, answer, this.hasToken)
    }
    return new HubRequestError(target, answer)
  }

  /** What the body of a refusal says. */
  private async messageOf(response: Response, target: HubTarget): Promise<string | undefined> {
    try {
      const body = await this.bodyOf(response, target, LONGEST_REFUSAL)
      const { error } = parseJson(body?.toString() ?? '{}') as { error?: unknown }
      return typeof error === 'string' ? error : undefined
    } catch {
      this.signal?.throwIfAborted()
      return undefined
    }
  }
}

function mayPass(error: unknown, wasThere = false): boolean {
  if (error instanceof HubRequestError) return PASSING.includes(error.status)
  if (!(error instanceof HubConnectionError)) return false
  for (let cause = error.cause; cause != null && !wasThere; cause = (cause as Error).cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (LASTING.includes(String(code)) || PROXY_REFUSES.test(message)) return false
  }
  return true
}

/** The commit that an answer is of, if it names one. */
export function commitIn(headers: Headers): string | undefined {
  const commit = headers.get('x-repo-commit')
  return commit !== null && isCommit(commit) ? commit : undefined
}

/** Seconds of a Retry-After, which is a number or a date. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}

function isSameOrigin(url: string, endpoint: string): boolean {
  return URL.canParse(url) && new URL(url).origin === new URL(endpoint).origin
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '')
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}
