/** Takes back what Emscripten does to the process in which its modules run. */

/** Emscripten's own listeners: they throw what they get, and so end the process. */
const EMSCRIPTEN_LISTENER = /\bthrow (ex|reason)\b/

/**
 * Runs `start`, which instantiates an Emscripten module. The module adds listeners by which every unhandled rejection
 * and uncaught exception ends the process in Emscripten's way. A library must not decide that, so they are removed.
 */
export async function withoutProcessListeners<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection']
  const before = new Set(events.flatMap(event => process.rawListeners(event)))
  try {
    return await start()
  } finally {
    for (const event of events) {
      for (const listener of process.rawListeners(event)) {
        // `off` takes a listener of any kind; its type is that of an event without a name of its own.
        if (!before.has(listener) && EMSCRIPTEN_LISTENER.test(String(listener))) {
          process.off(event, listener as () => void)
        }
      }
    }
  }
}
