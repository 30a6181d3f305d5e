/** Programs that run until they are told to end. */

/** Resolves at the first signal that ends a process; a second one ends it at once. */
export function toldToEnd(): Promise<void> {
  return new Promise(resolve => {
    let isTold = false
    for (const [name, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.on(name, () => {
        if (isTold) process.exit(code)
        isTold = true
        resolve()
      })
    }
  })
}
