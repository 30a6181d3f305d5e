/** Says why a request got no answer. */
import { proxyFor } from './hub-proxy'

/** Returns the reason, and the proxy that was asked, if any: the server may be right, and the proxy wrong. */
export function requestFailure(error: unknown, url: string): string {
  const proxy = proxyFor(url)
  const note = proxy === undefined ? '' : ` (${proxy.variable} names the proxy ${proxy.host})`
  return innermostReason(error) + note
}

/** The innermost reason: fetch says "fetch failed" and hides why. */
function innermostReason(error: unknown): string {
  const { message, code, cause } = error as NodeJS.ErrnoException & { cause?: unknown }
  if (typeof cause === 'object' && cause !== null) return innermostReason(cause)
  return message || code || String(error)
}
