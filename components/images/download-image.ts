/** Downloads pictures. */
import { proxyFor } from '../hub/hub-proxy'
import { requestFailure } from '../hub/request-failure'
import { SilenceWatch } from '../hub/silence-watch'
import { type ImageLimits, imageFileBytes } from './decode-image'
import { ImageDownloadError } from './image-download-error'

/** Options of a download. */
export interface DownloadOptions {
  /** Stops the download. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds of silence after which a server counts as gone. Default: 30000. */
  readonly timeout?: number | undefined
}

const REDIRECTS = [301, 302, 303, 307, 308]
const MOST_REDIRECTS = 10

/** Returns an address without its name, password, query and fragment, which may be secret. */
export function printableAddress(address: URL): string {
  return `${address.origin}${address.pathname}`
}

/** Returns the address that a source is, or `undefined` if it is a file. */
export function webAddress(source: string | URL): URL | undefined {
  if (!/^https?:/i.test(String(source)) || !URL.canParse(String(source))) return undefined
  return new URL(source)
}

/**
 * Returns the bytes of a picture of the web. Downloads go through the proxy that the environment names, as those of the Hub do, and carry no token.
 *
 * @throws ImageDownloadError if the address cannot be read, or leads to more bytes than a picture may have; the reason of the signal
 */
export async function downloadImage(
  address: URL,
  { signal, timeout = 30_000, ...limits }: DownloadOptions & ImageLimits = {},
): Promise<Uint8Array> {
  const name = printableAddress(address)
  if (address.username !== '' || address.password !== '') {
    throw new ImageDownloadError(name, 'has a name or a password in its address, which is unsupported.')
  }
  const most = imageFileBytes(limits)
  const watch = new SilenceWatch(timeout, signal)
  try {
    const { status, body, headers } = await follow(address, name, watch)
    if (status !== 200) {
      await body?.cancel()
      throw new ImageDownloadError(name, `the server answered with the status ${status}.`)
    }
    if (Number(headers.get('content-length')) > most) {
      await body?.cancel()
      throw imageTooLarge(name, most)
    }
    return await watch.wait(readAll(body, name, most, watch))
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ImageDownloadError) throw error
    throw new ImageDownloadError(name, `cannot be downloaded: ${requestFailure(error, address.href)}.`, error)
  } finally {
    watch.end()
  }
}

/** Follows redirections itself: to web addresses alone, and only a few. */
async function follow(address: URL, name: string, watch: SilenceWatch): Promise<Response> {
  let next = address
  for (let turn = 0; turn <= MOST_REDIRECTS; turn++) {
    const request = proxyFor(next.href)?.fetch ?? fetch
    const init = { redirect: 'manual' as const, headers: { 'user-agent': 'tesserae' }, signal: watch.signal }
    const response = await watch.wait(request(next.href, init))
    watch.touch()
    if (!REDIRECTS.includes(response.status)) return response
    await response.body?.cancel()
    const location = response.headers.get('location')
    const target = location === null || !URL.canParse(location, next.href) ? undefined : new URL(location, next)
    if (target === undefined || webAddress(target) === undefined) {
      throw new ImageDownloadError(name, 'the server redirects to something that is not a web address.')
    }
    // fetch refuses addresses with a password, and repeats it.
    target.username = target.password = ''
    next = target
  }
  throw new ImageDownloadError(name, `the server redirects more than ${MOST_REDIRECTS} times.`)
}

async function readAll(
  body: ReadableStream<Uint8Array> | null,
  name: string,
  most: number,
  watch: SilenceWatch,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (body === null) return new Uint8Array()
  for await (const chunk of body) {
    watch.touch()
    chunks.push(chunk)
    length += chunk.length
    if (length > most) throw imageTooLarge(name, most)
  }
  return Buffer.concat(chunks)
}

function imageTooLarge(name: string, most: number): ImageDownloadError {
  return new ImageDownloadError(name, `has more than ${most} bytes, which is more than a picture may have.`)
}
