/** Ctrl-C: the first asks the work to stop, the second ends the process. */

/** Turns the signals that end a process into an AbortSignal. Call `release` when the work is done. */
export function abortOnInterrupt(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  for (const name of signals) process.on(name, interrupt)
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, interrupt)
    },
  }
}
