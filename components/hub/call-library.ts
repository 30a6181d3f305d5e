/** Calls of @huggingface/hub, with this package's errors. */
import { ModularError } from '../../src/errors/modular-error'
import { UnreadableFileError } from '../files/unreadable-file-error'
import type { HubClient } from './hub-client'
import { type HubTarget, InvalidHubAnswerError } from './hub-errors'

type Library = typeof import('@huggingface/hub')

/** What each call of the library is given. */
interface Connection {
  readonly hubUrl: string
  readonly fetch: typeof fetch
}

/**
 * What a call of the library gives. It loads with the first call: who works with local folders does not wait for it.
 *
 * @throws InvalidHubAnswerError for an answer that the library makes nothing of; UnreadableFileError for a file that it uploads; what {@link HubClient.fetchFor} throws; the reason of the signal
 */
export async function callLibrary<T>(
  client: HubClient,
  target: HubTarget,
  work: (library: Library, connection: Connection) => Promise<T>,
): Promise<T> {
  const library = require('@huggingface/hub') as Library
  try {
    return await work(library, { hubUrl: client.endpoint, fetch: client.fetchFor(target) })
  } catch (error) {
    client.signal?.throwIfAborted()
    if (error instanceof ModularError) throw error
    const { path } = error as NodeJS.ErrnoException
    if (path !== undefined) throw new UnreadableFileError(path, `${(error as Error).message}.`, error)
    // Anything else is thrown by code that expects another answer: no JSON, no list, a field that is not there.
    const problem = `the Hub's answer is malformed: ${client.redact((error as Error).message)}.`
    throw new InvalidHubAnswerError(target.repository, problem)
  }
}
