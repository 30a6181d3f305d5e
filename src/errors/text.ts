/** Small pieces that error texts are made of. */

import { classNameOf } from '../format/class-name'
import { printableName } from './printable'

/** Characters of a caller's text that an error repeats. */
const LONGEST_QUOTE = 80

/** Lines that a list in a message shows at most. */
const MOST_LINES = 10

/** The first ten lines, and how many more there are. */
export function shownLines(lines: readonly string[]): readonly string[] {
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more`]
}

/** Returns the first ten names in quotes, and how many more there are: `"a", "b" and 3 more`. */
export function shownNames(names: readonly string[]): string {
  const more = names.length - MOST_LINES
  return more <= 0
    ? nameList(names)
    : `${names
        .slice(0, MOST_LINES)
        .map(name => `"${name}"`)
        .join(', ')} and ${more} more`
}

/** `text2image > denoise > predictNoise`, or the given word for the top. */
export function pathText(path: readonly string[], top = 'the pipeline'): string {
  return path.length === 0 ? top : path.join(' > ')
}

/** Returns names in quotes, as a sentence lists them: `"a", "b" and "c"`; `none` if none exist. */
export function nameList(names: Iterable<string>): string {
  const quoted = [...names].map(name => `"${name}"`)
  if (quoted.length === 0) return 'none'
  if (quoted.length === 1) return quoted[0] as string
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`
}

/** Says in a few words what a value is, for errors: `the string "a"`, `Tensor [1,8,8,4]`, `an instance of Image`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') {
    const shape = (value as { shape?: unknown }).shape
    const name = classNameOf(value)
    if (Array.isArray(shape)) return `${name} [${shape.join(',')}]`
    return name === 'Object' ? 'an object' : `an instance of ${name}`
  }
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function'
  if (typeof value !== 'string') return `the ${typeof value} ${printableName(String(value))}`
  return `the string ${JSON.stringify(value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value)}`
}
