/** JSON files in the form that Python's libraries give them, so that a save changes no more lines than it must. */
import { randomId } from '../platform/random-id'
import { unicodeEscape } from './unicode-escape'

/** How {@link formatJson} writes. */
export interface FormatJsonOptions {
  /** Whether numbers under a key are floats: these are written as `1.0`, for readers who tell whole numbers from others. Default: none are. */
  isFloat?: (key: string) => boolean
}

/** Before text that is to stand without quotes: what nobody can guess, as texts of others must stay texts. */
const BARE = `\uE000${randomId()}:`
const BARE_TEXT = new RegExp(`"${BARE}([^"]*)"`, 'g')

/**
 * Returns a value as JSON, as Python writes it: keys sorted at every depth, two spaces of indentation, a newline at the
 * end. Characters beyond ASCII are escaped, and infinities are the bare words that Python writes and reads.
 */
export function formatJson(value: unknown, { isFloat = () => false }: FormatJsonOptions = {}): string {
  const text = JSON.stringify(prepared(value, false, isFloat), undefined, 2)
  const bare = text.replaceAll(BARE_TEXT, '$1')
  return `${bare.replaceAll(/[\u007f-\uffff]/g, unicodeEscape)}\n`
}

function prepared(value: unknown, asFloat: boolean, isFloat: (key: string) => boolean): unknown {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return BARE + String(value)
    return asFloat && Number.isInteger(value) && Math.abs(value) < 1e21 ? `${BARE}${value}.0` : value
  }
  if (Array.isArray(value)) return value.map(member => prepared(member, asFloat, isFloat))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, member]) => [key, prepared(member, isFloat(key), isFloat)]))
}
