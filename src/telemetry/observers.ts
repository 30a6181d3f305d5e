/** Who observes the activities of this process. */
import type { ActivityObserver } from './activity'
import { openTelemetryObserver } from './open-telemetry'

/** The same observer may be given twice. */
const registered = new Set<{ readonly observer: ActivityObserver }>()

/**
 * Tells an observer about all runs, blocks, loop steps, loading and sessions of this process that begin from now on. Without observers, nothing is measured.
 *
 * @returns a function that ends the observation
 * @example
 * ```ts
 * const stop = observeActivities({ end: ({ kind, path, start }, { end }) => console.log(kind, path.join('.'), end - start) })
 * ```
 */
export function observeActivities(observer: ActivityObserver): () => void {
  const entry = { observer }
  registered.add(entry)
  return () => void registered.delete(entry)
}

/** Returns those who observe now, an SDK of OpenTelemetry among them; `undefined` if nobody does. */
export function observers(): readonly ActivityObserver[] | undefined {
  const own = Array.from(registered, ({ observer }) => observer)
  const openTelemetry = openTelemetryObserver()
  if (openTelemetry === undefined) return own.length === 0 ? undefined : own
  return [...own, openTelemetry]
}
