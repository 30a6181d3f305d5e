/** Renders a heading of a table that is empty as an ordinary cell: a screen reader then announces no heading without a name. */
import type { MarkdownRenderer } from 'vitepress'

/** A plugin of markdown-it. */
export function emptyHeaders(md: MarkdownRenderer): void {
  md.core.ruler.push('empty-headers', ({ tokens }) => {
    tokens.forEach((token, i) => {
      const [text, close] = tokens.slice(i + 1, i + 3)
      if (token.type !== 'th_open' || text?.content !== '' || close?.type !== 'th_close') return
      token.tag = 'td'
      close.tag = 'td'
    })
  })
}
