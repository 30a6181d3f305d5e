/** Finds the name that somebody probably meant. */
import { distance } from 'fastest-levenshtein'

// Below this, a common beginning says nothing.
const SHORTEST_PREFIX = 3
// Names of files and servers can be of any length, and comparing two of them takes the product of their lengths.
const LONGEST_NAME = 500

/** The name among `known` that is closest to `name`, or `undefined` when none is close enough to be a slip of the finger. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > LONGEST_NAME) return undefined
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.ceil(name.length / 3) + 1
  for (const candidate of known) {
    if (candidate.length > LONGEST_NAME) continue
    const other = candidate.toLowerCase()
    const d = sharePrefix(wanted, other) ? 1 : distance(wanted, other)
    // A name of which no letter is left is another name.
    if (d < bestDistance && d < Math.max(wanted.length, other.length)) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}

function sharePrefix(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= SHORTEST_PREFIX && (a.startsWith(b) || b.startsWith(a))
}
