/** The folder that this process works in. */

/** Returns its absolute path; `undefined` if it was removed. */
export function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}
