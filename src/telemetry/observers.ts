/** Who observes the activities of this process. */
import type { ActivityObserver } from './activity'
import { openTelemetryObserver } from './open-telemetry'

const registered = new Set<ActivityObserver>()

/**
 * Tells an observer about all runs, blocks, loop steps, loading and sessions of this process that begin from now on. Without observers, nothing is measured.
 *
 * @returns a function that ends the observation
 * @example
 * const stop = observeActivities({ end: ({ kind, path, start }, { end }) => console.log(kind, path.join('.'), end - start) })
 */
export function observeActivities(observer: ActivityObserver): () => void {
  // The same observer may be given twice.
  const own: ActivityObserver = {
    begin: activity => observer.begin?.(activity),
    end: (activity, outcome) => observer.end?.(activity, outcome),
    ...(observer.within && {
      within: (activity, work) => observer.within?.(activity, work) as ReturnType<typeof work>,
    }),
  }
  registered.add(own)
  return () => void registered.delete(own)
}

/** Returns those who observe now, an SDK of OpenTelemetry among them; `undefined` if nobody does. */
export function observers(): readonly ActivityObserver[] | undefined {
  const openTelemetry = openTelemetryObserver()
  if (openTelemetry === undefined) return registered.size === 0 ? undefined : [...registered]
  return [...registered, openTelemetry]
}
