/** Reads JSON of unknown origin. */

import { printable } from '../errors/printable'
import { randomId } from '../platform/random-id'
import { runAtOnce, runInSlices, yieldToEventLoop } from '../runtime/time-slice'
import { SETTINGS } from './text-limits'

/** How deep values may be nested. Files of models need six; code that follows them recursively would run out of stack at some thousands. */
export const DEEPEST_JSON = 200

/** The bare words that Python writes for numbers that JSON does not have. */
const PYTHON_NUMBER = /\b(?:NaN|Infinity)\b/

/** Key of the object that stands for NaN, for which JSON has no number. Nobody can guess it; an object can stand nowhere but where a value can. */
const NAN_KEY = `\uE000${randomId()}`

/**
 * Parses a text. Reads the bare words `NaN`, `Infinity` and `-Infinity` as well, which Python writes and JSON does not have.
 *
 * @param mostValues how many values the text may hold: a list of short ones takes thirty times its length in memory
 * @throws SyntaxError for a text that is not JSON, is nested too deeply, or holds too many values
 */
export function parseJson(text: string, mostValues = SETTINGS.values): unknown {
  return parseAllowed(text, runAtOnce(refusalLoop(text, mostValues)))
}

/** Parses a long text as {@link parseJson} does. Looks at it in slices, between which the event loop runs. */
export async function parseJsonAsync(text: string, mostValues: number): Promise<unknown> {
  const problem = await runInSlices(refusalLoop(text, mostValues))
  // The rest is done in one piece.
  await yieldToEventLoop()
  return parseAllowed(text, problem)
}

function parseAllowed(text: string, problem: string | undefined): unknown {
  if (problem !== undefined) throw new SyntaxError(problem)
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!PYTHON_NUMBER.test(text)) throw repeated(error)
  }
  try {
    return parsePythonNumbers(text)
  } catch (error) {
    throw repeated(error)
  }
}

/** The message repeats a piece of the text. */
function repeated(error: unknown): SyntaxError {
  return new SyntaxError(printable((error as Error).message))
}

const [QUOTE, COMMA, COLON, LIST, LIST_END, OBJECT, OBJECT_END] = Array.from('",:[]{}', sign => sign.charCodeAt(0))

/** Characters that are looked at between two yields at most, beside those of one string. */
const PIECE = 2 ** 16

/** The loop that tells why a text is not parsed; `undefined` if it is. It need not be JSON. */
export function* refusalLoop(text: string, mostValues: number): Generator<void, string | undefined, void> {
  let depth = 0
  let values = 0
  let nextYield = PIECE
  for (let i = 0; i < text.length; i++) {
    if (i >= nextYield) {
      yield
      nextYield = i + PIECE
    }
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i) - 1
    else if (code === COMMA || code === COLON) values++
    else if (code === LIST || code === OBJECT) {
      values++
      depth++
      if (depth > DEEPEST_JSON) return `its lists and objects are nested more than ${DEEPEST_JSON} deep`
    } else if (code === LIST_END || code === OBJECT_END) depth--
    if (values > mostValues) return `it holds more than ${mostValues} values`
  }
  return undefined
}

/** Reads a text with bare words as numbers. */
function parsePythonNumbers(text: string): unknown {
  let hasNaN = false
  const standIn = (word: string) => {
    if (word === 'Infinity') return '1e999'
    hasNaN = true
    return JSON.stringify({ [NAN_KEY]: 0 })
  }
  const json = replaceOutsideStrings(text, bare => bare.replace(/\b(?:NaN|Infinity)\b/g, standIn))
  return hasNaN ? JSON.parse(json, (_key, value) => (isNaNObject(value) ? Number.NaN : value)) : JSON.parse(json)
}

function isNaNObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, NAN_KEY)
}

function replaceOutsideStrings(text: string, replace: (bare: string) => string): string {
  const pieces: string[] = []
  for (let end = 0; end < text.length; ) {
    const quote = text.indexOf('"', end)
    const begin = quote < 0 ? text.length : quote
    pieces.push(replace(text.slice(end, begin)))
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
