/** Lets as little as possible leave memory. Counterpart: AutoOffloadStrategy of diffusers. */
import type { OffloadCandidate, OffloadStrategy } from './offload-strategy'

/** Candidates of which all combinations are tried; each one more doubles the work. */
const MOST_CANDIDATES = 16

/**
 * Of all combinations of candidates that free enough, the one with the smallest sum: of equal ones that with the fewest models, then with the
 * largest. Where none frees enough, all leave. A model that would fit exactly does not fit, as in diffusers. Of more than 16 candidates the 16
 * largest are combined.
 */
export const smallestCombination: OffloadStrategy = ({ bytes, free, candidates }) => {
  if (bytes < free || candidates.length === 0) return []
  const bySize = [...candidates].sort((a, b) => b.bytes - a.bytes)
  const best = search(bySize.slice(0, MOST_CANDIDATES), bytes - free)
  return (best ?? candidates).map(({ id }) => id)
}

/** The best combination, of candidates from the largest to the smallest; `undefined` where all of them free too little. */
function search(bySize: readonly OffloadCandidate[], needed: number): readonly OffloadCandidate[] | undefined {
  let best: readonly OffloadCandidate[] | undefined
  let bestSum = Number.POSITIVE_INFINITY
  /** Adds `count` candidates from `start` on to those that are chosen. */
  const choose = (chosen: readonly OffloadCandidate[], sum: number, start: number, count: number) => {
    if (count === 0) {
      if (sum >= needed && sum < bestSum) [best, bestSum] = [chosen, sum]
      return
    }
    for (let i = start; i + count <= bySize.length; i++) {
      const candidate = bySize[i] as OffloadCandidate
      // Those that follow are not larger, so they cannot make up for it.
      if (sum + count * candidate.bytes < needed) return
      if (sum + candidate.bytes >= bestSum) continue
      choose([...chosen, candidate], sum + candidate.bytes, i + 1, count - 1)
    }
  }
  for (let count = 1; count <= bySize.length; count++) choose([], 0, 0, count)
  return best
}
