/** Cancels a run that takes too long. */
import { RunTimeoutError } from '../errors/run-limit-errors'
import { joinSignals } from './on-abort'

/** A signal that fires when the caller's fires or the time is up, whichever comes first. `release` ends the waiting.
 * @param timeout milliseconds, or infinity for no limit */
export function withTimeout(
  signal: AbortSignal | undefined,
  timeout: number,
): { signal: AbortSignal | undefined; release(): void } {
  // Timers of Node know no longer delay.
  if (timeout >= 2 ** 31) return { signal, release: () => undefined }
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new RunTimeoutError(timeout)), timeout)
  const joined = joinSignals(signal, controller.signal)
  const release = () => {
    clearTimeout(timer)
    joined.release()
  }
  return { signal: joined.signal, release }
}
