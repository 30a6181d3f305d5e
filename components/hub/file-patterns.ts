/** Which files a pattern stands for, as the shell and Python's fnmatch read it: `*` also goes over slashes. */

/** The names that one of the patterns to allow matches (by default all), and none of those to ignore. */
export function filterNames(
  names: readonly string[],
  allow: string | readonly string[] | undefined,
  ignore: string | readonly string[] | undefined,
): string[] {
  const allowed = allow === undefined ? undefined : [allow].flat().map(parsePattern)
  const ignored = [ignore ?? []].flat().map(parsePattern)
  return names.filter(
    name =>
      (allowed?.some(pattern => matches(pattern, name)) ?? true) && !ignored.some(pattern => matches(pattern, name)),
  )
}

/** Tells whether one character of a name fits. */
type CharacterTest = (character: string) => boolean

const ANY: CharacterTest = () => true

/** What must stand between asterisks, character by character; the first begins the name, and the last ends it. */
type Pattern = readonly (readonly CharacterTest[])[]

function parsePattern(pattern: string): Pattern {
  const whole = pattern.endsWith('/') ? `${pattern}*` : pattern
  const parts: CharacterTest[][] = [[]]
  for (const [token, not, set] of whole.matchAll(/\[(!?)([^\]]+)\]|[\s\S]/gu)) {
    if (token === '*') parts.push([])
    else parts.at(-1)?.push(set === undefined ? single(token) : oneOf(set, not === '!'))
  }
  return parts
}

function single(token: string): CharacterTest {
  return token === '?' ? ANY : character => character === token
}

/** A set such as `abc` or `a-z`. */
function oneOf(set: string, isExcluded: boolean): CharacterTest {
  const signs = [...set]
  return character => {
    for (let i = 0; i < signs.length; i++) {
      const first = signs[i] as string
      const last = signs[i + 1] === '-' ? signs[i + 2] : undefined
      if (character >= first && character <= (last ?? first)) return !isExcluded
      if (last !== undefined) i += 2
    }
    return isExcluded
  }
}

/** Each part is looked for once, from left to right: the time grows with the length of the name, and not with the number of asterisks. */
function matches(pattern: Pattern, name: string): boolean {
  const signs = [...name]
  const [first, ...others] = pattern as [readonly CharacterTest[], ...(readonly CharacterTest[])[]]
  if (!fits(first, signs, 0)) return false
  const last = others.pop()
  if (last === undefined) return first.length === signs.length
  let from = first.length
  for (const part of others) {
    while (from + part.length <= signs.length && !fits(part, signs, from)) from++
    from += part.length
  }
  const end = signs.length - last.length
  return from <= end && fits(last, signs, end)
}

function fits(part: readonly CharacterTest[], signs: readonly string[], from: number): boolean {
  return from + part.length <= signs.length && part.every((test, i) => test(signs[from + i] as string))
}
