/** Finds the name that somebody probably meant. */
import { distance } from 'fastest-levenshtein'

/** The name among `known` that is closest to `name`, or `undefined` when none is close enough to be a slip of the finger. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1
  for (const candidate of known) {
    const other = candidate.toLowerCase()
    const d = other.startsWith(wanted) || wanted.startsWith(other) ? 1 : distance(wanted, other)
    if (d < bestDistance) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}
