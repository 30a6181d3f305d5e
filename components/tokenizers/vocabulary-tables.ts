/** Checks the long tables of a tokenizer's files in pieces: a schema takes a tenth of a second for them. */
import { z } from 'zod'
import { printableName } from '../../src/errors/printable'
import { explainMismatch } from '../../src/params/schema'
import { InvalidTokenizerError } from './invalid-tokenizer-error'

/** Tables are as long as the largest id. No id may be a hundred times the vocabulary of the largest language models. */
const LARGEST_ID = 20_000_000

/** Merges of a tokenizer: CLIP's have 48,894, those of large language models up to 300,000. */
const MOST_MERGES = 400_000

/** Characters of a token: words are compared with them piece by piece. */
const LONGEST_TOKEN = 1000

/** Entries that are checked between two turns of the event loop at most. */
const PIECE = 4096

/** The id of a token. */
export const idSchema = z.int().min(0).max(LARGEST_ID)

/**
 * Checks a vocabulary: token → id.
 *
 * @param path where it is in the file, with a dot at its end; empty for the whole file
 * @throws InvalidTokenizerError
 */
export function* vocabLoop(file: string, path: string, value: unknown): Generator<void, Record<string, number>, void> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw mismatch(file, path.slice(0, -1), 'Invalid input: expected record')
  }
  const vocab = value as Record<string, unknown>
  for (const [i, token] of Object.keys(vocab).entries()) {
    if (i % PIECE === PIECE - 1) yield
    if (token.length > LONGEST_TOKEN) throw mismatch(file, path + printableName(token), `longer than ${LONGEST_TOKEN}`)
    const id = vocab[token]
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) <= LARGEST_ID) continue
    const { error } = idSchema.safeParse(id)
    if (error) throw mismatch(file, path + printableName(token), explainMismatch(error))
  }
  return vocab as Record<string, number>
}

/**
 * Checks the merges of a `tokenizer.json`: pairs of pieces, or texts of two pieces with a space between.
 *
 * @throws InvalidTokenizerError
 */
export function* mergesLoop(file: string, path: string, value: unknown): Generator<void, [string, string][], void> {
  if (!Array.isArray(value)) throw mismatch(file, path, 'Invalid input: expected array')
  if (value.length > MOST_MERGES) throw mismatch(file, path, `expected at most ${MOST_MERGES} merges`)
  const merges: [string, string][] = []
  for (const [i, entry] of (value as unknown[]).entries()) {
    if (i % PIECE === PIECE - 1) yield
    const pair: unknown = typeof entry === 'string' ? entry.split(' ') : entry
    if (!isPair(pair)) throw mismatch(file, `${path}.${i}`, 'Invalid input: expected two pieces')
    merges.push(pair)
  }
  return merges
}

/**
 * Reads the text of a `merges.txt`: one merge per line, two pieces each; a first line such as `#version: 0.2` is ignored.
 *
 * @throws InvalidTokenizerError
 */
export function* mergesTextLoop(file: string, text: string): Generator<void, [string, string][], void> {
  requireFewLines(file, text)
  const merges: [string, string][] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (i % PIECE === PIECE - 1) yield
    if (line === '' || line.startsWith('#version')) continue
    const pair = line.split(' ')
    if (!isPair(pair) || pair.includes('')) {
      const problem = `line ${i + 1} must be two pieces with a space between, but is "${printableName(line)}".`
      throw new InvalidTokenizerError(file, problem)
    }
    merges.push(pair)
  }
  return merges
}

/** Counts lines before they become values of their own, which take many times the memory of the text. */
function requireFewLines(file: string, text: string): void {
  let lines = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) lines++
  // One may be a comment.
  if (lines > MOST_MERGES + 1)
    throw new InvalidTokenizerError(file, `it has ${lines} lines, expected at most ${MOST_MERGES}.`)
}

function isPair(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every(piece => typeof piece === 'string')
}

function mismatch(file: string, path: string, message: string): InvalidTokenizerError {
  return new InvalidTokenizerError(file, `${printableName(path) || 'the file'}: ${printableName(message)}.`)
}
