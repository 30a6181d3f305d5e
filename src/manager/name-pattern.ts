/** Patterns of component names. Counterpart: ComponentsManager.search_components of diffusers. */

/** Whether a name is meant. */
type NameTest = (name: string) => boolean

/**
 * What a pattern means among these names; `undefined` where it means none of them and holds no wildcard.
 *
 * - `unet`: this name; where nothing has it, names that contain it
 * - `unet*`: names that begin with it; `*unet` and `*unet*`: names that contain it
 * - `unet|vae*`: any of several, which without a wildcard must be whole names
 * - `!` before any of these, a list too: all other names
 *
 * Parts of names fit in either case, as a word inside a name begins with a capital: `*encoder` finds `textEncoder`.
 */
export function parseNamePattern(pattern: string, names: readonly string[]): NameTest | undefined {
  if (!pattern.startsWith('!')) return parsePositive(pattern, names)
  const excluded = parsePositive(pattern.slice(1), names)
  return excluded && (name => !excluded(name))
}

function parsePositive(pattern: string, names: readonly string[]): NameTest | undefined {
  if (pattern.includes('|')) {
    const tests = pattern.split('|').map(term => parseWildcard(term) ?? is(term))
    return name => tests.some(test => test(name))
  }
  if (names.includes(pattern)) return is(pattern)
  const wildcard = parseWildcard(pattern)
  if (wildcard) return wildcard
  return names.some(contains(pattern)) ? contains(pattern) : undefined
}

function parseWildcard(term: string): NameTest | undefined {
  // Tried before the prefix, of which the last asterisk alone would make this one.
  if (term.startsWith('*')) return contains(term.endsWith('*') ? term.slice(1, -1) : term.slice(1))
  if (term.endsWith('*')) return beginsWith(term.slice(0, -1))
  return undefined
}

function is(wanted: string): NameTest {
  return name => name === wanted
}

function beginsWith(part: string): NameTest {
  return name => name.toLowerCase().startsWith(part.toLowerCase())
}

function contains(part: string): NameTest {
  return name => name.toLowerCase().includes(part.toLowerCase())
}
