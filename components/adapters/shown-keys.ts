/** Names of tensors and files in messages. */
import { printableName } from '../../src/errors/printable'

/** How many keys messages list. */
const SHOWN_KEYS = 10

/** The first names of a list, and how many more there are. */
export function shownKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, SHOWN_KEYS).map(key => printableName(key))
  const more = keys.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}
