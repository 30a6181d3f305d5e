/** Reads prompts with weights. Counterpart: parse_prompt_attention() of AUTOMATIC1111's web UI */
import { inPieces } from '../../src/runtime/time-slice'

/** A part of a prompt, and how much it counts: 1 as it is. */
export interface WeightedText {
  /** The text. */
  readonly text: string
  /** Its weight; 1 changes nothing. */
  readonly weight: number
}

/** Factor of `(word)`. Its inverse is that of `[word]`. */
const BRACKET_WEIGHT = 1.1

/** Brackets that may be in each other. Deeper ones are read as text: 1.1 to the power of 64 is 445. */
const DEEPEST = 64

/** Parts of a prompt that are read between two turns of the event loop at most. */
const PIECE = 1024

const NUMBER = '[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)'

/** An escaped character, a backslash, a weight with the bracket that it ends, a bracket, plain text, or a colon. */
const PART = new RegExp(`\\\\[()[\\]\\\\]?|:\\s*(${NUMBER})\\s*\\)|[()[\\]]|[^\\\\()[\\]:]+|:`, 'g')

/** Without the white space around it, whose search would take a time that grows with its square. */
const BREAK = /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/u

/**
 * Reads a prompt in AUTOMATIC1111's syntax:
 *
 * - `(word:1.3)` weighs a word by 1.3, `(word)` by 1.1 and `[word]` by 1 / 1.1. Weights of nested brackets are multiplied; a bracket that is not closed reaches to
 *   the end.
 * - `BREAK` begins a new section.
 * - `\(`, `\)`, `\[`, `\]` and `\\` are plain characters.
 *
 * @returns the sections, each as its texts in their order; neighbours of one weight are one text. A prompt without `BREAK` has one section
 */
export function* a1111PromptLoop(prompt: string): Generator<void, WeightedText[][], void> {
  const reader = new SyntaxReader()
  let count = 0
  for (const [part, weight] of prompt.matchAll(PART)) {
    reader.read(part, weight)
    if (++count % PIECE === 0) yield
  }
  return yield* reader.end()
}

class SyntaxReader {
  private readonly texts: { text: string; weight: number }[] = []
  /** Before which of the texts a new section begins. */
  private readonly breaks = new Set<number>()
  /** Where open brackets begin, with their factors. */
  private readonly open: { readonly bracket: '(' | '['; readonly begin: number }[] = []

  read(part: string, weight: string | undefined): void {
    // As in the web UI, a backslash before any other character is dropped.
    if (part.startsWith('\\')) this.add(part.slice(1))
    else if ((part === '(' || part === '[') && this.open.length < DEEPEST) {
      this.open.push({ bracket: part, begin: this.texts.length })
    } else if (weight !== undefined && this.close('(', Number(weight))) return
    else if (part === ')' && this.close('(', BRACKET_WEIGHT)) return
    else if (part === ']' && this.close('[', 1 / BRACKET_WEIGHT)) return
    else {
      const texts = part.split(BREAK)
      for (const [i, text] of texts.entries()) {
        if (i > 0) this.breaks.add(this.texts.length)
        const begun = i > 0 ? text.trimStart() : text
        this.add(i < texts.length - 1 ? begun.trimEnd() : begun)
      }
    }
  }

  *end(): Generator<void, WeightedText[][], void> {
    const { texts, breaks, open } = this
    for (const { bracket, begin } of open) {
      this.weigh(begin, bracket === '(' ? BRACKET_WEIGHT : 1 / BRACKET_WEIGHT)
      yield
    }
    const sections: { text: string; weight: number }[][] = [[]]
    yield* inPieces(
      texts.length,
      (begin, end) => {
        for (let i = begin; i < end; i++) {
          const { text, weight } = texts[i] as WeightedText
          if (breaks.has(i)) sections.push([])
          const section = sections.at(-1)
          const last = section?.at(-1)
          if (last?.weight === weight) last.text += text
          else section?.push({ text, weight })
        }
      },
      PIECE,
    )
    return sections
  }

  private add(text: string): void {
    this.texts.push({ text, weight: 1 })
  }

  /** Closes the innermost bracket of a kind; returns whether there is one. */
  private close(kind: '(' | '[', factor: number): boolean {
    const at = this.open.findLastIndex(({ bracket }) => bracket === kind)
    const [closed] = at < 0 ? [] : this.open.splice(at, 1)
    if (closed === undefined) return false
    this.weigh(closed.begin, factor)
    return true
  }

  private weigh(begin: number, factor: number): void {
    for (let i = begin; i < this.texts.length; i++) (this.texts[i] as { weight: number }).weight *= factor
  }
}
