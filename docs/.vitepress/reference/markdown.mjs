/** Small pieces of Markdown. */
import { dirname, relative } from 'node:path/posix'

/** Escapes what Vue or Markdown would read as a tag, outside of code. */
export function escapeText(text) {
  return text.replace(/`[^`]*`|[<{]/g, found => (found === '<' ? '&lt;' : found === '{' ? '&#123;' : found))
}

/** Code inside of a line. */
export function inlineCode(text) {
  const line = text.replace(/\s+/g, ' ')
  return line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``
}

/** A table, or nothing without rows. Columns without any text are left out. */
export function table(heads, rows) {
  if (rows.length === 0) return ''
  const shown = heads.map((_, i) => rows.some(row => row[i] !== ''))
  const line = cells =>
    `| ${cells
      .filter((_, i) => shown[i])
      .map(cell => cell.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' '))
      .join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A link from one page to another, both relative to one folder. */
export function link(text, from, to) {
  const [file, anchor] = to.split('#')
  if (file === from && !anchor) return text
  return `[${text}](${file === from ? '' : `${startDot(relative(dirname(from), file))}`}${anchor ? `#${anchor}` : ''})`
}

/** A relative path as links write it: with `./` in front. */
export function startDot(path) {
  return path.startsWith('.') ? path : `./${path}`
}

/** The anchor that VitePress makes of a heading. */
export function anchorOf(heading) {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .normalize('NFKD')
    .replace(/[\u0300-\u036F]/g, '')
    .replace(/[\s~!@#$%^&*()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, '-')
    .replace(/-{2,}/g, '-')
    .replace(/^-+|-+$/g, '')
    .replace(/^(\d)/, '_$1')
    .toLowerCase()
}
