/** Splits prompts and names into words that can be compared. */

/** Longer prompts are cut: no text model reads that much. */
const LONGEST_PROMPT = 5000

// Flags; pictographs with skin tones, joined by U+200D; letters and digits with the marks on them, apostrophes inside.
const WORD_PATTERN =
  /\p{RI}\p{RI}|\p{ExtPict}\uFE0F?\p{EMod}?(?:\u200D\p{ExtPict}\uFE0F?\p{EMod}?)*|[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:'[\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*/gu

/** Returns the words of a text in lower case, and each emoji as one word. Punctuation and hyphens separate words. */
export function splitWords(text: string): string[] {
  const plain = beginningOf(text).normalize('NFKC').replace(/[’‘]/g, "'").toLowerCase()
  return (plain.match(WORD_PATTERN) ?? []).map(word => word.replaceAll('\uFE0F', ''))
}

/** The part of a text that is looked at, without half a word at its end. */
function beginningOf(text: string): string {
  if (text.length <= LONGEST_PROMPT) return text
  const part = text.slice(0, LONGEST_PROMPT)
  return /\s/.test(text[LONGEST_PROMPT] as string) ? part : part.replace(/\S+$/, '')
}
