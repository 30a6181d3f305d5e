/** Listens to an AbortSignal that many listen to at once. */

/** The listeners of each signal, called by the one listener that the signal itself has. */
const listenersOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls a function once when a signal fires, at once if it has fired already. However many listen, the signal has one listener: Node warns of a leak
 * from the eleventh on. The function that is returned removes the listener; with the last one, the signal's own is removed too.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener()
    return () => undefined
  }
  // The same function may be passed twice.
  const call = () => listener()
  const listeners = listenersOf.get(signal) ?? listenTo(signal)
  listeners.add(call)
  return () => {
    listeners.delete(call)
    if (listeners.size === 0 && listenersOf.get(signal) === listeners) stopListeningTo(signal)
  }
}

/** The handler of each signal, kept so that it can be removed. */
const handlerOf = new WeakMap<AbortSignal, () => void>()

function listenTo(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>()
  const handler = () => {
    stopListeningTo(signal)
    for (const listener of listeners) listener()
  }
  listenersOf.set(signal, listeners)
  handlerOf.set(signal, handler)
  signal.addEventListener('abort', handler)
  return listeners
}

function stopListeningTo(signal: AbortSignal): void {
  const handler = handlerOf.get(signal)
  if (handler) signal.removeEventListener('abort', handler)
  listenersOf.delete(signal)
  handlerOf.delete(signal)
}

/** A signal that fires with the first of several. */
export interface JoinedSignal {
  readonly signal: AbortSignal
  /** Stops listening to the signals. Call it when the work is done. */
  release(): void
}

/** Joins signals into one. Unlike `AbortSignal.any()`, it leaves nothing behind on a signal that outlives the work. */
export function joinSignals(...signals: readonly (AbortSignal | undefined)[]): JoinedSignal {
  const controller = new AbortController()
  const removers = signals.flatMap(signal => (signal ? [onAbort(signal, () => controller.abort(signal.reason))] : []))
  return {
    signal: controller.signal,
    release: () => {
      for (const remove of removers) remove()
    },
  }
}
