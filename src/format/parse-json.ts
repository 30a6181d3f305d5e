/** Reads JSON that somebody else wrote. */
import { printable } from '../errors/printable'

/** How deep values may lie in each other. Files of models need six; code that follows them step by step would run out of stack at some thousands. */
const DEEPEST = 200

/**
 * The value of a text. Infinity, which Python writes as a bare word that JSON does not have, is read as well.
 *
 * @throws SyntaxError for what is no JSON, or lies too deep
 */
export function parseJson(text: string): unknown {
  if (isDeeper(text, DEEPEST))
    throw new SyntaxError(`Its lists and objects lie more than ${DEEPEST} deep in each other`)
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!text.includes('Infinity')) throw repeated(error)
  }
  try {
    return JSON.parse(withoutInfinity(text))
  } catch (error) {
    throw repeated(error)
  }
}

/** The message repeats a piece of the text. */
function repeated(error: unknown): SyntaxError {
  return new SyntaxError(printable((error as Error).message))
}

function isDeeper(text: string, most: number): boolean {
  let depth = 0
  let isInString = false
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]
    if (isInString) {
      if (sign === '\\') i++
      else if (sign === '"') isInString = false
    } else if (sign === '"') isInString = true
    else if (sign === '{' || sign === '[') {
      if (++depth > most) return true
    } else if (sign === '}' || sign === ']') depth--
  }
  return false
}

/** Numbers too large for JSON stand for the bare words after a colon. */
function withoutInfinity(text: string): string {
  return text.replace(/Infinity\b/g, (word, start: number) => {
    let end = text[start - 1] === '-' ? start - 1 : start
    // By hand: an expression that looks back would go over the same blanks from each of them.
    while (/\s/.test(text[end - 1] ?? '')) end--
    return text[end - 1] === ':' ? '1e999' : word
  })
}
