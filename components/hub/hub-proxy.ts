/** Requests through the proxy that the environment names, as Python's huggingface_hub makes them. */
import type { EnvHttpProxyAgent } from 'undici'
import { InvalidHubSettingError } from './hub-errors'

/** What a request is sent through. */
export interface HubProxy {
  /** The environment variable that names it. */
  readonly variable: string
  /** Host and port, without the name and the password of the address. */
  readonly host: string
  /** `fetch` through the proxy, or past it for the servers that NO_PROXY names. */
  readonly fetch: typeof fetch
}

const agents = new Map<string, EnvHttpProxyAgent>()

/**
 * Returns the proxy for an address: `HTTPS_PROXY` or `HTTP_PROXY`, by its protocol, otherwise `ALL_PROXY`; in lower case, too, which wins.
 * @throws InvalidHubSettingError for a proxy that is unsupported; the error does not repeat its address
 */
export function proxyFor(url: string): HubProxy | undefined {
  if (!URL.canParse(url)) return undefined
  const isSecure = new URL(url).protocol === 'https:'
  const variable = variableOf(isSecure ? 'https_proxy' : 'http_proxy') ?? variableOf('all_proxy')
  if (variable === undefined) return undefined
  const address = addressIn(variable)
  return {
    variable,
    host: address.host,
    fetch: ((input, init = {}) => fetchThrough(address.href, input, init)) as typeof fetch,
  }
}

function variableOf(name: string): string | undefined {
  return [name, name.toUpperCase()].find(spelling => (process.env[spelling] ?? '').trim() !== '')
}

function addressIn(variable: string): URL {
  const text = (process.env[variable] as string).trim()
  // curl and Python take an address without a protocol.
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return new URL(address)
  const problem = 'must be an address such as http://proxy.example:3128; other kinds of proxies are unsupported'
  throw new InvalidHubSettingError(`the proxy (${variable})`, problem)
}

async function fetchThrough(proxy: string, input: Parameters<typeof fetch>[0], init: RequestInit): Promise<Response> {
  // Few need a proxy, and the library takes a moment to load. Its fetch comes with it: that of Node may not fit.
  const undici = require('undici') as typeof import('undici')
  const noProxy = process.env.no_proxy || process.env.NO_PROXY || ''
  const key = `${proxy}\n${noProxy}`
  let agent = agents.get(key)
  if (agent === undefined) {
    agent = new undici.EnvHttpProxyAgent({ httpProxy: proxy, httpsProxy: proxy, noProxy, proxyTunnel: false })
    agents.set(key, agent)
  }
  const headers = Object.fromEntries(new Headers(init.headers))
  const options = { ...init, headers, dispatcher: agent } as Parameters<typeof undici.fetch>[1]
  return (await undici.fetch(String(input instanceof Request ? input.url : input), options)) as unknown as Response
}
