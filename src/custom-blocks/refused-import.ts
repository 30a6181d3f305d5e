/** Finds `import()` in code of CommonJS. Node gives no way to answer it there: at run time, it fails with an error of Node's own. */

/** The word, but not as a part of a name such as `#import`. */
const WORD = /(?<![#$\w])import\b(?!\$)/g

/**
 * Returns the line of the first `import()`, from 1, or `undefined`. The word in texts, comments, regular expressions and names of properties does not
 * count: `default` is valid in the same places, but cannot begin an expression.
 *
 * @param compiles - whether a text is a program. The given one must be.
 */
export function lineOfImport(text: string, compiles: (text: string) => boolean): number | undefined {
  const places = [...text.matchAll(WORD)].map(({ index }) => index)
  const isFree = (count: number) => count === 0 || compiles(withoutImports(text, places.slice(0, count)))
  if (isFree(places.length)) return undefined
  // Of the words, `free` are known to be none, and among the first `used` is one.
  let [free, used] = [0, places.length]
  while (used - free > 1) {
    const middle = Math.floor((free + used) / 2)
    if (isFree(middle)) free = middle
    else used = middle
  }
  return text.slice(0, places[free]).split('\n').length
}

function withoutImports(text: string, places: readonly number[]): string {
  const pieces: string[] = []
  let end = 0
  for (const place of places) {
    pieces.push(text.slice(end, place), 'default')
    end = place + 'import'.length
  }
  return pieces.join('') + text.slice(end)
}
