/** Checks prose: sentences of at most 30 words (25 in pages), paragraphs of at most four lines, and no banned form. */
import { BANNED_FORMS } from './banned-forms'
import { markdownPassages } from './markdown'
import type { Passage } from './passage'
import { readable, sentencesOf, wordCount } from './sentences'
import { typescriptPassages } from './typescript'

/** What is wrong with a passage. */
export interface Finding {
  readonly file: string
  readonly line: number
  readonly message: string
}

/** Longest sentence, in words. */
export const MOST_WORDS = 30
/** The same in pages, which are read by people who do not know the project. */
export const MOST_WORDS_OF_PAGES = 25
/** Longest paragraph, in lines of {@link LINE_WIDTH} columns. */
export const MOST_LINES = 4
const LINE_WIDTH = 120

/** Returns the number of lines that a text takes. */
function lineCount(text: string): number {
  let lines = 1
  let column = 0
  for (const { length } of text.split(' ')) {
    if (column > 0 && column + 1 + length > LINE_WIDTH) {
      lines++
      column = length
    } else column += (column > 0 ? 1 : 0) + length
  }
  return lines
}

/** Returns all findings of a passage. */
export function checkPassage({ file, line, kind, text, source }: Passage): Finding[] {
  const findings: Finding[] = []
  const most = file.endsWith('.md') ? MOST_WORDS_OF_PAGES : MOST_WORDS
  const report = (message: string): void => void findings.push({ file, line, message })
  // A cell of a table may list things.
  const parts = kind === 'cell' ? text.split(/; |<br>/) : [text]
  for (const sentence of parts.flatMap(sentencesOf)) {
    const count = wordCount(sentence)
    if (count > most) report(`A sentence of ${count} words (at most ${most}). Split it: ${readable(sentence)}`)
    for (const { form, write } of BANNED_FORMS) {
      const [found] = form.exec(sentence) ?? []
      if (found !== undefined) report(`"${readable(found)}": write ${write}: ${readable(sentence)}`)
    }
  }
  const lines = kind === 'paragraph' ? lineCount(source) : 1
  if (lines > MOST_LINES) {
    report(
      `A paragraph of ${lines} lines (at most ${MOST_LINES} of ${LINE_WIDTH} columns). Split it, or make it a list.`,
    )
  }
  return findings
}

/** Returns the prose of a file. */
export function passagesOf(file: string, text: string): Passage[] {
  return file.endsWith('.md') ? markdownPassages(file, text) : typescriptPassages(file, text)
}

/** Returns all findings of a file. */
export function checkFile(file: string, text: string): Finding[] {
  return passagesOf(file, text).flatMap(checkPassage)
}
