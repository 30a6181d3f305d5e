/** The texts of boxes and ports, and the room that they take. */
import { FONT_SIZE } from './font-size'
import type { PictureBox, PicturePort } from './picture'
import type { PlacedText } from './placed-picture'
import { fitText, textWidth } from './text-width'

/** Space between the border of a box and its texts. */
export const PAD = 8
/** Height of a line of text. */
export const LINE = 14
const CHIP_HEIGHT = 15
/** Widest text inside a leaf: what is longer is cut, and whole in the tooltip. */
const WIDEST = 250
const WIDEST_FRAME_TITLE = 420
const WIDEST_PILL = 360

/** A text inside a box, placed from its upper left corner. */
type InnerText = Omit<PlacedText, 'x' | 'y'> & { x: number; y: number }

/** What is inside of a box. */
export interface Inner {
  readonly texts: readonly InnerText[]
  readonly width: number
  readonly height: number
}

/** The texts of a box, from top to bottom: condition, title, class, components, inputs that no block supplies. */
export function innerOf(box: PictureBox): Inner {
  const texts: InnerText[] = []
  let y = PAD
  const line = (text: string, style: PlacedText['style'], size: number, tooltip?: string) => {
    const most = box.kind === 'leaf' ? WIDEST : WIDEST_FRAME_TITLE
    const shown = fitText(text, size, most, style === 'title')
    const width = textWidth(shown, size, style === 'title')
    const hint = tooltip ?? (shown === text ? undefined : text)
    texts.push({ text: shown, style, x: PAD, y, width, height: LINE, ...(hint && { tooltip: hint }) })
    y += LINE
  }
  if (box.condition !== undefined) line(box.condition, 'condition', FONT_SIZE.small)
  line(box.title, 'title', FONT_SIZE.title, box.description || undefined)
  if (box.className) line(box.className, 'class', FONT_SIZE.small)
  y = flow(
    texts,
    box.chips.map(({ name, className }) => ({ text: name, style: 'chip' as const, tooltip: `${name}: ${className}` })),
    { y: y + 3, size: FONT_SIZE.chip, height: CHIP_HEIGHT, inset: 5 },
  )
  y = flow(
    texts,
    box.notes.map(({ text, missing }) => ({ text, style: missing ? ('missing' as const) : ('note' as const) })),
    { y, size: FONT_SIZE.small, height: LINE - 1, inset: 0 },
  )
  return { texts, width: Math.max(...texts.map(text => text.x + text.width)) + PAD, height: y + PAD - 3 }
}

/** Puts short texts one after another, in as many rows as they need; returns where the next thing may begin. */
function flow(
  texts: InnerText[],
  items: readonly Pick<PlacedText, 'text' | 'style' | 'tooltip'>[],
  { y, size, height, inset }: { y: number; size: number; height: number; inset: number },
): number {
  let [left, top] = [PAD, y]
  for (const item of items) {
    const shown = fitText(item.text, size, WIDEST - 2 * inset)
    const width = textWidth(shown, size) + 2 * inset
    if (left > PAD && left + width > WIDEST + PAD) {
      left = PAD
      top += height + 2
    }
    const tooltip = item.tooltip ?? (shown === item.text ? undefined : item.text)
    texts.push({ text: shown, style: item.style, x: left, y: top, width, height, ...(tooltip && { tooltip }) })
    left += width + (inset > 0 ? 4 : 10)
  }
  return items.length > 0 ? top + height + 3 : y
}

/** The text of an input or output of the whole. */
export function pillText({ name, type }: PicturePort): { text: string; tooltip?: string } {
  const whole = `${name}: ${type}`
  const text = fitText(whole, FONT_SIZE.small, WIDEST_PILL)
  return text === whole ? { text } : { text, tooltip: whole }
}
