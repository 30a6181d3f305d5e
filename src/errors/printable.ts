/** Text for terminals and logs, whoever wrote it. */
import { unicodeEscape } from '../format/unicode-escape'

/** What moves the cursor, hides, colours or reorders what stands beside it; not tabs and new lines. */
const INVISIBLE = /(?![\t\n])\p{Cc}|[\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Signs that a name shows at most. */
const LONGEST_NAME = 200

/**
 * A text in which what a terminal would obey is written out, e.g. `\u001b`: names and messages come from files and servers, and must not erase or forge
 * what is said about them.
 */
export function printable(text: string): string {
  return text.replace(INVISIBLE, unicodeEscape)
}

/** A name on one line, of a bearable length: it must not pass for other parts of a message. */
export function printableName(text: string): string {
  const line = text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text
  return printable(line).replace(/[\t\n]/g, unicodeEscape)
}
