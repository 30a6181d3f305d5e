/** What Jest's `expect.extend` takes. Jest itself is not needed to make it. */
import type { BlockSource } from '../../src'
import { kindOf } from '../../src/errors/text'
import { isBlockOrClass } from '../../src/wiring/blocks'

/** What a matcher finds. */
export interface MatcherResult {
  /** Whether the value is as expected. */
  readonly pass: boolean
  /** Why the expectation failed: that it did not match or, with `.not`, that it did. */
  readonly message: () => string
}

/** The first line of a message: what was expected of what. */
export function heading(matcher: string, what: string, argument = ''): string {
  return `expect(${what}).${matcher}(${argument})`
}

/** A result with the text for either outcome. */
export function result(pass: boolean, title: string, failure: string, success: string): MatcherResult {
  return { pass, message: () => `${title}\n\n${pass ? success : failure}` }
}

/** Names as a text: `"a", "b"`. */
export function quoted(names: Iterable<string>): string {
  return [...names].map(name => `"${name}"`).join(', ') || 'none'
}

/** A matcher cannot say anything of what it was given: neither it nor its `.not` passes. */
export class MatcherUseError extends Error {
  constructor(title: string, problem: string) {
    super(`${title}\n\n${problem}`)
    this.name = 'MatcherUseError'
  }
}

/** Refuses what is not a block. @throws MatcherUseError */
export function requireBlock(matcher: string, received: unknown): asserts received is BlockSource {
  if (isBlockOrClass(received)) return
  const problem = `Expected a class of blocks, or an instance of one, but got ${kindOf(received)}.`
  throw new MatcherUseError(heading(matcher, 'block'), problem)
}

/** Refuses what is not a list of names. @throws MatcherUseError */
export function requireNames(matcher: string, names: unknown): asserts names is readonly string[] {
  if (Array.isArray(names) && names.every(name => typeof name === 'string')) return
  const problem = `Expected a list of names, but got ${kindOf(names)}: ${matcher}(['prompt'])`
  throw new MatcherUseError(heading(matcher, 'block', 'names'), problem)
}
