/** Looks at what is there. */
import { type Stats, statSync } from 'node:fs'

/** What is at a path; `undefined` if nothing is, or nothing can be: the path may be of any length, and hold any sign. */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
