/** Calls of @huggingface/hub, with this package's errors. */
import { ModularError } from '../../src/errors/modular-error'
import { InvalidHubAnswerError } from './hub-errors'

type Library = typeof import('@huggingface/hub')

/**
 * What a call of the library gives. It loads with the first call: who works with local folders does not wait for it.
 *
 * @throws InvalidHubAnswerError for an answer that the library makes nothing of; what its `fetch` throws; the reason of the signal
 */
export async function callLibrary<T>(
  repository: string,
  signal: AbortSignal | undefined,
  work: (library: Library) => Promise<T>,
): Promise<T> {
  try {
    return await work(require('@huggingface/hub') as Library)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ModularError) throw error
    // Anything else is thrown by code that expects another answer: no JSON, no list, a field that is not there.
    throw new InvalidHubAnswerError(repository, `the Hub's answer makes no sense: ${(error as Error).message}.`)
  }
}
