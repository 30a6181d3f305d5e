/** There are no files. */
export function pathOf(path: string | URL): string {
  return String(path)
}

export function absoluteIfThere(path: string): string {
  return path
}
