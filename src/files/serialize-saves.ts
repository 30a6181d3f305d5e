/** Lets the saves of this process wait for each other. */
import { AsyncLocalStorage } from 'node:async_hooks'

const inside = new AsyncLocalStorage<true>()
let last: Promise<unknown> = Promise.resolve()

/**
 * Does some work when all that came before is done. A save may replace the files that the next one copies weights from: only then is it known where
 * these are. Saves that are part of a save do not wait.
 */
export function serializeSaves<T>(work: () => Promise<T>): Promise<T> {
  if (inside.getStore()) return work()
  const turn = last.then(() => inside.run(true, work))
  last = turn.catch(() => undefined)
  return turn
}
