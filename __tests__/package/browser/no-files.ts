/** What needs files, where there are none. */
export function noFiles(): never {
  throw new Error('There are no files here.')
}
