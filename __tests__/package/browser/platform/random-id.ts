/** Texts that nobody can guess, from the generator of the browser. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
