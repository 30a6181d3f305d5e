/** How wide a text is, without a font to measure with: by classes of characters, on the wide side of the usual sans-serif fonts. */
import { packWords } from '../format/pack-words'

/** Em widths, as measured in DejaVu Sans, the widest of the fonts that the pictures name: in any other, a text is shorter. */
const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/['ijlIJ]/, 0.3],
  [/[ ,./:;\\|f-]/, 0.36],
  [/[()[\]t!r"]/, 0.44],
  [/[*_`sz?cLFkvxyP]/, 0.59],
  [/[abdeghnopqu0-9$TYES{}]/, 0.64],
  [/[KAVBRXZCUHNDG]/, 0.75],
  [/[&OQw#+<=>^~M]/, 0.86],
  [/[%mW@…↻◇]/, 1],
]

/** What is none of these: letters of European alphabets, then wider ones and symbols, then small pictures. */
function widthOf(character: string): number {
  for (const [members, width] of CLASSES) if (members.test(character)) return width
  const point = character.codePointAt(0) as number
  if (point < 0x0250) return 0.8
  return point > 0xffff ? 1.4 : 1.1
}

/** Width in pixels. */
export function textWidth(text: string, size: number, bold = false): number {
  let width = 0
  for (const character of text) width += widthOf(character)
  return width * size * (bold ? 1.16 : 1)
}

/** The text, cut so that it fits. */
export function fitText(text: string, size: number, most: number, bold = false): string {
  if (textWidth(text, size, bold) <= most) return text
  const characters = [...text]
  while (characters.length > 1 && textWidth(`${characters.join('')}…`, size, bold) > most) characters.pop()
  return `${characters.join('')}…`
}

/** The text in lines that fit, broken at spaces; what is still too long is cut. */
export function wrapText(text: string, size: number, most: number): string[] {
  const lines = packWords(text.split(' '), line => textWidth(line, size) <= most)
  return lines.map(line => fitText(line, size, most))
}
