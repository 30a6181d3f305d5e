/** Warnings that the tests of a file cause on purpose. */

const expected = new Set<string>()

/** Lets warnings of these codes pass in the tests of a file. Call it outside of the tests; a test that is about a warning takes it with `catchWarnings()`. */
export function expectWarnings(...codes: readonly string[]): void {
  for (const code of codes) expected.add(code)
}

/** Whether the tests of the file expect warnings of this code. */
export function isExpectedWarning(code: string): boolean {
  return expected.has(code)
}
