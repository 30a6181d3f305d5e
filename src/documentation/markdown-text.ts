/** Small pieces of Markdown that render on GitHub and on the Hub, whatever names and texts hold. */

// A run of backticks up to the next one of its length: what is between them is shown as it stands.
const CODE_OR_MARKUP = /(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)|&(?=[#\w]+;)|</g

/** Text that is not markup: what would begin a tag is escaped, but for pieces of code. */
export function escapeMarkup(text: string): string {
  return text.replace(CODE_OR_MARKUP, found => (found === '<' ? '&lt;' : found === '&' ? '&amp;' : found))
}

/** A piece of code, in as many backticks as it needs. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map(run => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = /^`|`$/.test(line) ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

/** One cell of a table: on one line, with its bars escaped. A bar after one backslash, or three, is escaped already. */
function cell(text: string): string {
  return text
    .trim()
    .replace(/\s*[\r\n]\s*/g, '<br>')
    .replace(/(?<!\\)(?:\\\\)*\|/g, '\\$&')
}

/** A table; columns in which no row says anything are left out. */
export function markdownTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = headers.map((_, column) => column === 0 || rows.some(row => row[column]?.trim()))
  const line = (cells: readonly string[]) =>
    `| ${cells
      .filter((_, i) => used[i])
      .map(cell)
      .join(' | ')} |`
  return [line(headers), line(headers.map(() => '---')), ...rows.map(line)].join('\n')
}
