/** Whether two types, given in words, can never be the same value. */

/** Types that say nothing. */
const OPEN = new Set(['unknown', 'any', ''])

/** Splits at the bars of a union, but not at those inside quotes or brackets. */
function members(type: string): string[] {
  return (type.match(/(?:"[^"]*"|\[[^\]]*\]|<[^>]*>|[^|])+/g) ?? [type]).map(member => member.trim())
}

/** `Tensor[batch, 8, 8, 4]` → its name and dimensions. */
function parse(member: string): { base: string; shape: string[] | undefined } {
  const match = /^(\w+)\[(.+)\]$/.exec(member)
  if (match) return { base: match[1] as string, shape: (match[2] as string).split(/[, ]+/) }
  // All string literals are strings, all number literals numbers.
  if (member.startsWith('"')) return { base: 'string', shape: undefined }
  if (/^-?\d/.test(member) || member === 'int') return { base: 'number', shape: undefined }
  if (member === 'true' || member === 'false') return { base: 'boolean', shape: undefined }
  return { base: member, shape: undefined }
}

function membersConflict(a: string, b: string): boolean {
  const [first, second] = [parse(a), parse(b)]
  if (OPEN.has(first.base) || OPEN.has(second.base)) return false
  if (first.base !== second.base) return true
  if (!first.shape || !second.shape) return false
  const { shape: other } = second
  return (
    first.shape.length !== other.length ||
    first.shape.some((size, axis) => /^\d+$/.test(size) && /^\d+$/.test(other[axis] as string) && size !== other[axis])
  )
}

/** True only if no member of one type could be one of the other; types that are not stated agree with all. */
export function typesConflict(a: string, b: string): boolean {
  return members(a).every(first => members(b).every(second => membersConflict(first, second)))
}
