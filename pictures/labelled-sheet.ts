/** Pictures side by side, each with its label: the form of all pictures in the documentation. */
import sharp, { type OverlayOptions } from 'sharp'
import type { Image } from 'tesserae'

/** A picture with the text under it. */
export interface LabelledPicture {
  readonly label: string
  readonly image: Image
}

/** How a sheet is laid out. */
export interface SheetLayout {
  readonly columns: number
  /** Side of a picture in pixels (default: 128). */
  readonly side?: number
  /** Width of a picture's place (default: the side and 16 pixels). */
  readonly width?: number
}

/** Pixels above a picture, and of its label below. */
const ABOVE = 8
const LABEL = 20

/** Width of a character, with room to spare, as a share of the font's size. */
const WIDTH_OF_CHARACTER = 0.66

/** Colours of the file: pictures of 64 pixels need no more, and the file is small. */
const COLOURS = 64

/** Draws the sheet as a PNG file. */
export async function labelledSheet(pictures: readonly LabelledPicture[], layout: SheetLayout): Promise<Buffer> {
  const { columns, side = 128, width = side + 16 } = layout
  const height = ABOVE + side + LABEL
  const tiles: OverlayOptions[] = []
  for (const [i, { label, image }] of pictures.entries()) {
    const left = (i % columns) * width
    const top = Math.floor(i / columns) * height
    tiles.push({ input: await resized(image, side), left: left + Math.floor((width - side) / 2), top: top + ABOVE })
    tiles.push({ input: text(label, width), left, top: top + ABOVE + side })
  }
  const rows = Math.ceil(pictures.length / columns)
  const create = { width: columns * width, height: rows * height, channels: 3, background: 'white' } as const
  return sharp({ create }).composite(tiles).png({ palette: true, colours: COLOURS, effort: 10 }).toBuffer()
}

/** A picture in another size, as a PNG file. */
function resized({ data, width, height, channels }: Image, side: number): Promise<Buffer> {
  const options = { fit: 'contain', background: 'white' } as const
  return sharp(data, { raw: { width, height, channels } }).resize(side, side, options).png().toBuffer()
}

function text(label: string, width: number): Buffer {
  const escaped = label.replace(/&/g, '&amp;').replace(/</g, '&lt;')
  const size = Math.min(11, width / (WIDTH_OF_CHARACTER * label.length))
  const style = `font-family="sans-serif" font-size="${size}" text-anchor="middle" fill="#333"`
  return Buffer.from(
    `<svg width="${width}" height="${LABEL}"><text x="${width / 2}" y="13" ${style}>${escaped}</text></svg>`,
  )
}
