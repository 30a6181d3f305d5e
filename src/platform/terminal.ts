/** The terminal that the process writes to. */

/** Returns the columns of the terminal; `undefined` where there is none. */
export function terminalColumns(): number | undefined {
  return process.stdout.columns || undefined
}
