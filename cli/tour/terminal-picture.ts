/** Pictures on a terminal: two pixels to a character, one in its colour and one in that of its background. */
import { loadSharp } from '../../components/images/load-sharp'

/** What the terminal can show. */
export interface TerminalSize {
  /** Characters in a line. */
  readonly columns: number
  /** Bits of a colour: 24, 8, 4 or 1, as `getColorDepth()` returns them. */
  readonly colorDepth: number
}

/** Most characters in a line of a picture. */
const LONGEST_LINE = 96

/** Most pixels of a picture's height: two for each line. */
const HIGHEST = 64

/** A character whose upper half has its colour, and whose lower half has that of the background. */
const HALF_BLOCK = '\u2580'

type Color = readonly [red: number, green: number, blue: number]

/** Returns the picture in a file as text, or `undefined` for a terminal with fewer than 256 colours. */
export async function terminalPicture(
  file: string,
  { columns, colorDepth }: TerminalSize,
): Promise<string | undefined> {
  if (colorDepth < 8) return undefined
  const size = { width: Math.min(columns, LONGEST_LINE), height: HIGHEST }
  const { data, info } = await loadSharp()(file)
    .flatten({ background: 'white' })
    .resize({ ...size, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const colorAt = (x: number, y: number): Color => {
    const begin = (Math.min(y, info.height - 1) * info.width + x) * info.channels
    return [data[begin] as number, data[begin + 1] as number, data[begin + 2] as number]
  }
  const codeOf = colorDepth >= 24 ? trueColor : colorOf256
  const lines: string[] = []
  for (let y = 0; y < info.height; y += 2) {
    let line = ''
    for (let x = 0; x < info.width; x++) {
      line += `\u001b[38;${codeOf(colorAt(x, y))};48;${codeOf(colorAt(x, y + 1))}m${HALF_BLOCK}`
    }
    lines.push(`${line}\u001b[0m`)
  }
  return lines.join('\n')
}

function trueColor(color: Color): string {
  return `2;${color.join(';')}`
}

/** The nearest colour in the cube of 6 × 6 × 6 colours that terminals with 256 have. */
function colorOf256(color: Color): string {
  const [red, green, blue] = color.map(value => Math.round((value / 255) * 5)) as [number, number, number]
  return `5;${16 + 36 * red + 6 * green + blue}`
}
