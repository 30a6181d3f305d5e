/** The terminal that the process writes to. */

/** Returns the columns of the terminal; `undefined` if none exists. */
export function terminalColumns(): number | undefined {
  return process.stdout.columns || undefined
}
