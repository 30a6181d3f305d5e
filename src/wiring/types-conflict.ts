/** Whether two types, given in words, can never be the same value. */

/** Types that say nothing of what the value is. */
const OPEN = new Set(['unknown', 'any', 'lazy', 'promise', 'transform', 'custom', ''])

/** Types of objects of any class. */
const STRUCTURES = new Set(['object', 'record', 'intersection'])

/** Types that are neither structures nor classes. */
const PLAIN = new Set(['string', 'number', 'boolean', 'bigint', 'symbol', 'null', 'undefined', 'void', 'never', '[]'])

const PRIMITIVE_OF: Readonly<Record<string, string>> = {
  int: 'number',
  nan: 'number',
  true: 'boolean',
  false: 'boolean',
  template_literal: 'string',
}

/** One alternative of a union. */
interface Member {
  /** `string`, `Tensor`, `Image`; `[]` for an array. */
  readonly base: string
  /** Dimensions of a tensor, where they are stated. */
  readonly shape?: readonly string[]
  /** Type of an array's elements; empty where it is not stated. */
  readonly element?: string
}

/** Splits at the bars of a union, but not at those inside quotes or brackets. */
function unionMembers(type: string): string[] {
  return (type.match(/(?:"[^"]*"|\[[^\]]*\]|<[^>]*>|\([^)]*\)|[^|])+/g) ?? [type]).map(member => member.trim())
}

function parseType(text: string): Member {
  if (text.endsWith('[]')) {
    const element = text.slice(0, -2)
    return { base: '[]', element: element.startsWith('(') ? element.slice(1, -1) : element }
  }
  if (text === 'tuple') return { base: '[]', element: '' }
  const tensor = /^(\w+)\[(.+)\]$/.exec(text)
  if (tensor) return { base: tensor[1] as string, shape: (tensor[2] as string).split(/[, ]+/) }
  if (text.startsWith('"')) return { base: 'string' }
  if (/^-?\d/.test(text)) return { base: 'number' }
  return { base: PRIMITIVE_OF[text] ?? text }
}

function membersConflict(a: Member, b: Member): boolean {
  if (OPEN.has(a.base) || OPEN.has(b.base)) return false
  if (a.element !== undefined && b.element !== undefined) return typesConflict(a.element, b.element)
  if (a.base === b.base) return shapesConflict(a.shape, b.shape)
  // An object of any class may have a structure.
  const isStructure = STRUCTURES.has(a.base) || STRUCTURES.has(b.base)
  return !isStructure || PLAIN.has(a.base) || PLAIN.has(b.base)
}

function shapesConflict(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (!a || !b) return false
  const isFixed = (size: string | undefined) => size !== undefined && /^\d+$/.test(size)
  return a.length !== b.length || a.some((size, axis) => isFixed(size) && isFixed(b[axis]) && size !== b[axis])
}

/** True only if no member of one type could be one of the other; types that are not stated agree with all. */
export function typesConflict(a: string, b: string): boolean {
  const others = unionMembers(b).map(parseType)
  return unionMembers(a)
    .map(parseType)
    .every(first => others.every(second => membersConflict(first, second)))
}
