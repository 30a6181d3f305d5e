/** Finds the prose of Markdown: paragraphs, items of lists, headings and cells of tables, without code. */
import MarkdownIt from 'markdown-it'
import { NAME, type Passage } from './passage'

const pages = new MarkdownIt({ html: true })
// Comments are indented for other reasons than to mark code.
const comments = new MarkdownIt({ html: false }).disable(['code', 'heading', 'lheading', 'hr', 'reference'])

/** Returns the text of an inline token, in which code is a name. */
function textOf(token: MarkdownIt.Token): string {
  return (token.children ?? [])
    .map(({ type, content }) => {
      if (type === 'text') return content
      if (type === 'softbreak' || type === 'hardbreak') return ' '
      return type === 'code_inline' || type === 'image' ? NAME : ''
    })
    .join('')
}

/**
 * Returns the passages of a text.
 * @param firstLine the line of the file where the text begins, counted from 1
 */
export function markdownPassages(file: string, markdown: string, firstLine = 1, isPage = true): Passage[] {
  // Settings of a page stand between two lines of dashes.
  const prose = markdown.replace(/^---\n.*?\n---$/ms, (settings, at) =>
    at === 0 && isPage ? settings.replace(/.+/g, '') : settings,
  )
  const tokens = (isPage ? pages : comments).parse(prose, {})
  const passages: Passage[] = []
  let line = firstLine
  tokens.forEach((token, i) => {
    if (token.map !== null) line = firstLine + token.map[0]
    if (token.type !== 'inline') return
    const before = tokens[i - 1]?.type
    const kind = before === 'heading_open' ? 'heading' : before === 'paragraph_open' ? 'paragraph' : 'cell'
    passages.push({ file, line, kind, text: textOf(token), source: token.content.replace(/\s+/g, ' ') })
  })
  return passages
}
