/** Splits prose into sentences, and counts their words. */
import { NAME } from './passage'

const ABBREVIATION = /(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|No|Fig|Dr|St)|\b[A-Z])\.$/

/** Returns the sentences of a text. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = []
  let begin = 0
  for (const { index, 0: end } of text.matchAll(/[.!?]["'”’)\]*_]*(?=\s+[^\sa-z,;:–—-])/g)) {
    const sentence = text.slice(begin, index + end.length)
    if (ABBREVIATION.test(sentence)) continue
    sentences.push(sentence.trim())
    begin = index + end.length
  }
  return [...sentences, text.slice(begin).trim()].filter(sentence => sentence !== '')
}

/** Code that is not in backquotes: names in camelCase, constants, paths, options, numbers with units. */
const CODE =
  /^[("'[]*(?:⟦name⟧\S*|[a-z]+[A-Z]\w*\S*|[A-Z][a-z0-9]+[A-Z]\w*\S*|[A-Z]+_[A-Z_]+\S*|\S*[/\\]\S*|--?[a-z]\S*)$/

/** Returns the number of words of a sentence. Names in a row (`a, b and c`) count once: one reads them as a list. */
export function wordCount(sentence: string): number {
  const words = sentence.split(/\s+/).filter(word => /[\p{L}\p{N}]/u.test(word))
  let count = 0
  let inList = false
  words.forEach((word, i) => {
    const isName = CODE.test(word)
    const joins = /^(?:and|or)$/.test(word) && inList && CODE.test(words[i + 1] ?? '')
    if (!(inList && (isName || joins))) count++
    inList = isName || joins
  })
  return count
}

/** Returns a sentence as it is shown to people. */
export function readable(sentence: string): string {
  return sentence.replaceAll(NAME, '…')
}
