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
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]
    if (sign === '"') i = endOfString(text, i) - 1
    else if (sign === '{' || sign === '[') {
      if (++depth > most) return true
    } else if (sign === '}' || sign === ']') depth--
  }
  return false
}

/** Numbers too large for JSON stand for the bare words; strings stay as they are. */
function withoutInfinity(text: string): string {
  const pieces: string[] = []
  for (let end = 0; end < text.length; ) {
    const quote = text.indexOf('"', end)
    const begin = quote < 0 ? text.length : quote
    pieces.push(text.slice(end, begin).replace(/\bInfinity\b/g, '1e999'))
    end = endOfString(text, begin)
    pieces.push(text.slice(begin, end))
  }
  return pieces.join('')
}

/** What comes after the string that begins at a quote. */
function endOfString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text[end - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return end + 1
  }
  return text.length
}
