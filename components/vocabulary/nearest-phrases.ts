/** Finds the phrases that somebody probably meant. */
import { distance } from 'fastest-levenshtein'

/** Share of the letters that may differ. */
const FURTHEST = 0.4
/** Suggestions for one word. */
const MOST = 3
/** Longer words cost time, and are not misspelt names. */
const LONGEST = 60
/** What a phrase is further away for each word that has no counterpart. */
const EXTRA_WORD = 0.05

/** A known phrase, and its words. */
export interface KnownPhrase {
  readonly text: string
  readonly words: readonly string[]
}

/**
 * Returns the closest phrases, the closest first.
 *
 * @param written the unknown word, and the same with the words before it that belong to it: all of them may be meant
 */
export function nearestPhrases(written: readonly string[], known: Iterable<KnownPhrase>): string[] {
  const near: { text: string; score: number }[] = []
  for (const { text, words } of known) {
    let score = Infinity
    for (const each of written) {
      if (each.length > LONGEST) continue
      score = Math.min(score, difference(each, words.join(' ')))
      if (words.length === 1) continue
      const extra = EXTRA_WORD * (words.length - 1)
      for (const word of words) score = Math.min(score, difference(each, word) + extra)
    }
    if (score <= FURTHEST) near.push({ text, score })
  }
  return near
    .sort((a, b) => a.score - b.score)
    .slice(0, MOST)
    .map(({ text }) => text)
}

/** Share of the letters of the longer text that differ. */
function difference(a: string, b: string): number {
  return distance(a, b) / Math.max(a.length, b.length)
}
