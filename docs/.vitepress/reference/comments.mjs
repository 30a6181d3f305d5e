/** Comments of the sources as Markdown. */
import { escapeText, inlineCode, link } from './markdown.mjs'

/**
 * Returns a function that turns a comment's parts into Markdown for a page.
 * @param from - path of the page, below the folder of the reference
 * @param pathOf - path of a reflection's page with its anchor, or `undefined` if it has none
 * @param pathOfName - the same for a public name
 */
export function commentRenderer(from, pathOf, pathOfName) {
  const inline = part => {
    const text = inlineCode(part.text.trim())
    if (typeof part.target === 'string') return `[${part.text}](${part.target})`
    const path = part.target && pathOf(part.target)
    return path ? link(text, from, path) : text
  }
  const text = (parts = []) =>
    parts
      .map(part =>
        part.kind === 'text' ? escapeText(part.text) : part.kind === 'inline-tag' ? inline(part) : part.text,
      )
      .join('')
      .trim()
  /** The text with links to the error classes that it names. */
  const withNames = parts =>
    text(parts).replace(/(?<![\w`[/])[A-Z]\w+(?:Error|Mismatch)\b(?![\w`\]])/g, name => {
      const path = pathOfName(name)
      return path ? link(inlineCode(name), from, path) : name
    })
  return { text, withNames }
}

/** The tags of a comment by name: `@throws`. */
export function tagsOf(comment, name) {
  return comment?.blockTags.filter(({ tag }) => tag === name) ?? []
}

/** Whether a comment says anything. */
export function isDocumented(comment) {
  return Boolean(comment && (comment.summary.some(({ text }) => text.trim() !== '') || comment.blockTags.length > 0))
}

/** The names of errors that comments name behind `@throws`. */
export function thrownNames(comment) {
  return tagsOf(comment, '@throws').flatMap(({ content }) =>
    content.flatMap(({ text }) => text.match(/\b[A-Z]\w+(?:Error|Mismatch)\b/g) ?? []),
  )
}
