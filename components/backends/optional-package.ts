/** Packages that may be installed or not. */

/** Whether `require(name)` would find the package. */
export function isInstalled(name: string): boolean {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
}
