/** What needs files, if none exist. */
export function noFiles(): never {
  throw new Error('There are no files here.')
}
