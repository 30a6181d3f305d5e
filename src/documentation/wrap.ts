/** Texts in lines that are not too long. */
import { packWords } from '../format/pack-words'

/** Packs the words of a text into lines of at most `width` characters, the indent not counted. A longer word stays whole. */
export function wrap(text: string, indent: string, width: number): string {
  const words = text.split(/\s+/).filter(Boolean)
  return packWords(words, line => line.length <= width)
    .map(line => indent + line)
    .join('\n')
}

/** Breaks the lines of a documentation that are longer than `width`. What follows in a list is indented more than its entry. */
export function fold(text: string, width: number): string {
  return text
    .split('\n')
    .map(line => {
      if (line.length <= width) return line
      const indent = /^ */.exec(line)?.[0] ?? ''
      // Descriptions of blocks stand at the indent of headings: they are not lists.
      const hanging = indent.length > 2 ? `${indent}    ` : indent
      return indent + wrap(line, hanging, Math.max(1, width - hanging.length)).trimStart()
    })
    .join('\n')
}
