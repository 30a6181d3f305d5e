/** Paths that an index or a server names: they must stay inside of their folder, in whatever spelling. */

/** Characters of a path, and bytes of one name in it, that file systems allow. */
const LONGEST_PATH = 1024
const LONGEST_NAME = 255

/** Whether a path consists of plain names, so that it leads out of its folder on no system. `%2e%2e` counts as `..`, as a server may decode it. */
export function isContainedPath(path: unknown): path is string {
  if (typeof path !== 'string' || path === '' || path.length > LONGEST_PATH) return false
  // A backslash and a drive letter are special on Windows; NUL ends a path for the system.
  if (/[\\\0]|^[A-Za-z]:/.test(path)) return false
  return path.split('/').every(isPlainName)
}

function isPlainName(name: string): boolean {
  const decoded = name.replace(/%2e/gi, '.').replace(/%2f/gi, '/').replace(/%5c/gi, '\\')
  return name !== '' && !/^\.{1,2}$|[\\/]/.test(decoded) && Buffer.byteLength(name) <= LONGEST_NAME
}
