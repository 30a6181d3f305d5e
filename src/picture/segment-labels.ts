/** What is written at the lines of a picture. */
import { FONT_SIZE } from './font-size'
import { PORT_ID, type Segment } from './segments'
import { wrapText } from './text-width'

const WIDEST = 240
const MOST_LINES = 8
/** Height of a line of text. */
export const LABEL_LINE = 12

/** What is written at a line: names with types where a value leaves its block for another, the names alone inside frames. */
export function labelLines({ values, role, from, to, carried }: Segment): { text: string; tooltip?: string }[] {
  if (PORT_ID.test(from) || PORT_ID.test(to)) return [] // The pill at the end says it.
  const shown = [...values].map(([name, type]) => valueLines(name, role === 'across' ? type : undefined))
  let count = shown.length
  while (count > 1 && lineCount(shown.slice(0, count)) + (count < shown.length ? 1 : 0) > MOST_LINES) count--
  const rest = [...values.keys()].slice(count)
  const more = rest.length > 0 ? [{ text: `and ${rest.length} more`, tooltip: rest.join(', ') }] : []
  return [...(carried ? [{ text: 'to the next iteration' }] : []), ...shown.slice(0, count).flat(), ...more]
}

function lineCount(values: readonly (readonly unknown[])[]): number {
  return values.reduce((sum, lines) => sum + lines.length, 0)
}

/** A value on a line, or on several where its type is long. */
function valueLines(name: string, type: string | undefined): { text: string; tooltip?: string }[] {
  const whole = type === undefined ? name : `${name}: ${type}`
  const lines = wrapText(whole, FONT_SIZE.label, WIDEST)
  return lines.map(text => (lines.join(' ') === whole ? { text } : { text, tooltip: whole }))
}
