/** Turns normalized texts without added tokens into tokens, in pieces. */
import { CLIP_PIECE } from './clip-tokenizer-json'
import type { LibraryTokenizer } from './library-tokenizer'
import { encodeLongWord, type MergeTables } from './long-word'

/** Words, as the library's pre-tokenizer finds them first. Its `\s` is Unicode's. */
const WORD = new RegExp(CLIP_PIECE.replaceAll('\\s', '\\p{White_Space}'), 'gu')

/** Characters that the library gets at once: less than a millisecond of work. */
const PIECE = 256

/** Characters of a word from which on it is encoded in pieces. */
const LONG_WORD = 1024

/**
 * Returns the tokens of a text as the library does, and yields on the way: texts without white space, which nothing else cuts, take seconds by the megabyte.
 */
export function* tokensOfText(
  text: string,
  tokenizer: LibraryTokenizer,
  unknown: string,
): Generator<void, string[], void> {
  const { pre_tokenizer: cut, model } = tokenizer
  if (cut === null || model === null) return []
  if (text.length <= PIECE) return model(cut(text))
  const tokens: string[] = []
  const encode = (begin: number, end: number) => {
    if (begin < end) for (const token of model(cut(text.slice(begin, end)))) tokens.push(token)
  }
  let begin = 0
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const end = index + word.length
    if (word.length >= LONG_WORD) {
      encode(begin, index)
      begin = end
      const spelled: string[] = []
      for (const part of partsOf(word)) {
        spelled.push(...cut(part))
        yield
      }
      // No spread: there may be a million.
      for (const token of yield* encodeLongWord(spelled.join(''), model as unknown as MergeTables, unknown)) {
        tokens.push(token)
      }
    } else if (end - begin >= PIECE) {
      encode(begin, end)
      begin = end
      yield
    }
  }
  encode(begin, text.length)
  return tokens
}

/** The parts of a word, cut between characters. Each is spelled in bytes by itself. */
function* partsOf(word: string): Generator<string> {
  for (let begin = 0; begin < word.length; ) {
    let end = Math.min(begin + PIECE, word.length)
    if ((word.codePointAt(end - 1) ?? 0) > 0xffff) end++
    yield word.slice(begin, end)
    begin = end
  }
}
