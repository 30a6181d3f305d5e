/** What Jest's `expect.extend` takes. Jest itself is not needed to make it. */

/** What a matcher finds. */
export interface MatcherResult {
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
