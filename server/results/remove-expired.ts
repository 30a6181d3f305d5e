/** Removes results when nobody remembers their jobs. */
import { clearTimeout, setTimeout } from 'node:timers'
import { outsideRuns } from '../../src/runtime/active-run'
import type { ResultStore } from './result-store'

/** Milliseconds between two looks at most. */
const LONGEST_PAUSE = 60 * 60_000

/** Options of {@link removeExpiredResults}. */
export interface ExpiryOptions {
  /** The store to clear. */
  readonly results: ResultStore
  /** Milliseconds after its last file was written that the results of a job are removed. Give a queue the same as its `retention`. */
  readonly keep: number
  /** Told if the store does not answer. The next look tries again. */
  readonly onProblem?: ((error: Error) => void) | undefined
}

/**
 * Looks at once, and then at least every hour, for results that are older than `keep`, and removes them. Of several servers with one store, each may do so.
 *
 * @returns what ends it: `close()` waits for the look that is under way
 */
export function removeExpiredResults({ results, keep, onProblem }: ExpiryOptions): { close(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const look = async () => {
    try {
      await results.removeOlderThan(Date.now() - keep)
    } catch (error) {
      onProblem?.(error as Error)
    }
    if (isClosed) return
    timer = setTimeout(begin, Math.min(keep, LONGEST_PAUSE))
    timer.unref()
  }
  let looking = Promise.resolve()
  const begin = () => {
    looking = look()
  }
  outsideRuns(begin)
  return {
    close: () => {
      isClosed = true
      clearTimeout(timer)
      return looking
    },
  }
}
