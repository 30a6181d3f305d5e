/** Cuts texts into pieces that are encoded one by one. */

/** Characters of a piece: about a millisecond of work. */
const PIECE = 256

/** Characters of a word that is encoded as a whole where only its beginning counts: far more than the rows of text models hold. */
const LONGEST_WORD = 10_000

const SPACE = /[\t\n\r ]/g

/** What decides where a text may be cut. */
export interface CutOptions {
  /** Whether tokens hold white space, so that a cut could split one. */
  readonly hasTokensWithSpaces: boolean
  /** Whether only the beginning of the ids counts. */
  readonly isTruncated: boolean
}

/**
 * Cuts a text behind white space, where cuts do not change its ids: no piece of a word goes across it. If only the beginning of the ids counts, words
 * without end are cut as well.
 */
export function* textPieces(text: string, { hasTokensWithSpaces, isTruncated }: CutOptions): Generator<string> {
  let begin = 0
  while (text.length - begin > PIECE) {
    let end = hasTokensWithSpaces ? text.length : spaceBehind(text, begin + PIECE)
    if (isTruncated && end - begin > LONGEST_WORD) end = betweenCharacters(text, begin + LONGEST_WORD)
    yield text.slice(begin, end)
    begin = end
  }
  if (begin === 0 || begin < text.length) yield text.slice(begin)
}

/** The place behind the next white space. */
function spaceBehind(text: string, from: number): number {
  SPACE.lastIndex = from
  return SPACE.test(text) ? SPACE.lastIndex : text.length
}

/** The place, or the one after it if it would split a pair of surrogates. */
function betweenCharacters(text: string, place: number): number {
  return (text.codePointAt(place - 1) ?? 0) > 0xffff ? place + 1 : place
}
