/** Requests to the server, with the key if it asks for one, and whether the server can be reached. */
import { effect, signal } from '@preact/signals'
import { keep, recall } from '../storage'

/** Where the addresses of the server begin. */
export const prefix = document.documentElement.dataset['prefix'] ?? ''

/** Whether the server answers. */
export const connection = signal<'open' | 'away' | 'locked'>('open')

const KEY = `tesserae.key${prefix}`

/** The key of this tab. It is forgotten with the tab. */
export const apiKey = signal(String(recall(KEY, 'tab') ?? ''))

/** Takes a key, and asks again for what was refused. */
export function useKey(key: string): void {
  keep(KEY, key, 'tab')
  apiKey.value = key
  connection.value = 'open'
}

/** A field of a request that is wrong. */
export interface FieldProblem {
  readonly pointer: string
  readonly detail: string
}

/** The server refuses a request. */
export class ServerProblem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly fields: readonly FieldProblem[],
  ) {
    super(detail)
  }
}

/** The server cannot be reached. */
export class ServerAwayError extends Error {}

/** Milliseconds between questions whether the server is back. */
const PAUSE = 1000

/** Sends a request. @throws ServerProblem, ServerAwayError */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (apiKey.value !== '') headers.set('authorization', `Bearer ${apiKey.value}`)
  let response: Response
  try {
    response = await fetch(path.startsWith(`${prefix}/`) && prefix !== '' ? path : prefix + path, { ...init, headers })
  } catch (error) {
    if (init.signal?.aborted) throw error
    connection.value = 'away'
    throw new ServerAwayError('The server does not answer.')
  }
  // What a proxy answers for a server that is gone.
  if (response.status === 502 || response.status === 504) {
    connection.value = 'away'
    throw new ServerAwayError('The server does not answer.')
  }
  if (response.ok) {
    connection.value = 'open'
    return response
  }
  if (response.status === 401) connection.value = 'locked'
  const { detail = response.statusText, errors = [] } = await response.json().catch(() => ({}))
  throw new ServerProblem(response.status, detail, errors)
}

/** Asks for JSON. @throws ServerProblem, ServerAwayError */
export async function getJson<T>(path: string): Promise<T> {
  return (await (await request(path)).json()) as T
}

let polling: Promise<void> | undefined

/** Resolves when the server answers again, and its key, if it asks for one, is known. */
export function reachable(): Promise<void> {
  polling ??= poll().finally(() => {
    polling = undefined
  })
  return polling
}

// Also if nobody waits: the form can be sent again only when the server is back.
effect(() => {
  if (connection.value !== 'open') void reachable()
})

async function poll(): Promise<void> {
  for (;;) {
    await new Promise(resolve => setTimeout(resolve, PAUSE))
    if (connection.value === 'locked') continue
    const response = await fetch(`${prefix}/healthz`).catch(() => undefined)
    connection.value = response?.ok ? 'open' : 'away'
    if (response?.ok) return
  }
}
