/** There is no terminal. */
export function terminalColumns(): number | undefined {
  return undefined
}
