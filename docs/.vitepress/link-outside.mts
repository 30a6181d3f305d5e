/** Links to files of the repository outside of `docs` lead to the pages that are made of them. */
import { posix } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
// @ts-expect-error: a script without types
import { PAGES_OF_FILES } from './reference/places.mjs'

export function linkOutside(md: MarkdownRenderer): void {
  md.core.ruler.push('link-outside', state => {
    const page: string = state.env.relativePath ?? ''
    for (const { children } of state.tokens) {
      for (const token of children ?? []) {
        const to = token.attrGet('href')
        if (token.type !== 'link_open' || to === null || !to.startsWith('..')) continue
        const [path = '', anchor] = to.split('#')
        const target = posix.join('docs', posix.dirname(page), path)
        const made = (PAGES_OF_FILES as Record<string, string>)[target]
        if (made !== undefined)
          token.attrSet('href', `${posix.relative(posix.dirname(page), made)}${anchor ? `#${anchor}` : ''}`)
      }
    }
  })
}
