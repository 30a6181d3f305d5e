/** Looks at what is there. */
import { type Stats, statSync } from 'node:fs'

/** Returns what is at a path; `undefined` if nothing is, or nothing can be. The path may have any length and any character. */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
