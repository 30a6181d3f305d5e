/** Makes any text safe for terminals and logs. */
import { unicodeEscape } from '../format/unicode-escape'

/** What moves the cursor, hides, colours or reorders what stands beside it; not tabs and new lines. */
const INVISIBLE = /(?![\t\n])\p{Cc}|[\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Characters of a name that are shown. */
const LONGEST_NAME = 200

/** Characters of a message that are shown: enough for every problem of a large pipeline, and no flood of what a file holds. */
const LONGEST_MESSAGE = 10_000

/** Escapes control characters, e.g. `\u001b`. Names and messages come from files and servers, and must not erase or forge other output. */
export function printable(text: string): string {
  return text.replace(INVISIBLE, unicodeEscape)
}

/** Returns a message of an error or a warning with its control characters escaped, truncated if a file or a server made it very long. */
export function printableMessage(text: string): string {
  if (text.length <= LONGEST_MESSAGE) return printable(text)
  return `${printable(text.slice(0, LONGEST_MESSAGE))}… (${text.length - LONGEST_MESSAGE} more characters)`
}

/** Returns a value in the form of JSON, truncated: short enough for a message. A number that JSON does not have keeps its name. */
export function printableValue(value: unknown, longest = LONGEST_NAME): string {
  if (typeof value === 'number') return String(value)
  return printableName(JSON.stringify(value, abridged) ?? 'nothing', longest)
}

/** Keeps {@link printableValue} from writing what it would cut again. */
function abridged(_key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, LONGEST_NAME)
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value)
  if (keys.length <= LONGEST_NAME) return value
  return Object.fromEntries(keys.slice(0, LONGEST_NAME).map(key => [key, (value as Record<string, unknown>)[key]]))
}

/** Returns a name on one line, truncated, with its control characters escaped: for messages about files and servers, whose names may be anything. */
export function printableName(text: string, longest = LONGEST_NAME): string {
  const line = text.length > longest ? `${text.slice(0, longest)}…` : text
  return printable(line).replace(/[\t\n]/g, unicodeEscape)
}
