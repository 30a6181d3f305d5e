/** Ctrl-C and the signals of supervisors: the first cancels the work, and the process ends within a second. */

/** Signals that end a command, with the exit codes that shells and supervisors expect. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 }

/** Milliseconds that cancelled work has to end in order. */
const LONGEST_END = 500

let signalled: string | undefined

/** Exit code of a command that was cancelled: that of the signal which did it. */
export function cancelledCode(): number {
  return EXIT_CODES[signalled ?? 'SIGINT'] as number // One of the signals above.
}

/**
 * Turns the signals that end a process into an AbortSignal. Work that has not ended half a second later ends with the process; a second signal ends
 * it at once. Call `release` when the work is done.
 *
 * @param restore - puts the terminal in order before such an end
 */
export function abortOnInterrupt(restore: () => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  let deadline: NodeJS.Timeout | undefined
  const end = () => {
    restore()
    console.error('Cancelled.')
    process.exit(cancelledCode())
  }
  const interrupt = (name: NodeJS.Signals) => {
    signalled = name
    if (controller.signal.aborted) return end()
    deadline = setTimeout(end, LONGEST_END)
    deadline.unref()
    controller.abort()
  }
  for (const name of Object.keys(EXIT_CODES)) process.on(name, interrupt)
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(deadline)
      for (const name of Object.keys(EXIT_CODES)) process.off(name, interrupt)
    },
  }
}
