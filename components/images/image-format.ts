/**
 * Tells the formats of images apart by the first bytes of a file. The library that decodes them would choose among many more decoders, and some of
 * those draw what a text describes (SVG) or start other libraries (PDF, OpenSlide, ImageMagick).
 */

/** Formats that images are read in. */
export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'gif' | 'tiff' | 'avif' | 'svg'

/** Formats that are read by default: those that hold pixels. SVG holds drawing instructions, of any cost, and must be asked for. */
export const PIXEL_FORMATS: readonly ImageFormat[] = ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif']

/** How far the decoder looks for the root element of an SVG file. */
const SVG_BEGIN = 1000

/** Brands of AVIF files; the same container holds HEIC. */
const AVIF_BRANDS = ['avif', 'avis']

/** The format of a file; `undefined` for one that is not an image of a known format. */
export function imageFormatOf(bytes: Uint8Array): ImageFormat | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SVG_BEGIN)).toString('latin1')
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (start.startsWith('RIFF') && start.startsWith('WEBP', 8)) return 'webp'
  if (/^GIF8[79]a/.test(start)) return 'gif'
  if (/^(?:II[*+]\0|MM\0[*+])/.test(start)) return 'tiff'
  if (start.startsWith('ftyp', 4)) return isAvif(start) ? 'avif' : undefined
  return start.includes('<svg') ? 'svg' : undefined
}

/** Whether a container names a brand of AVIF, as its own or among those that it is compatible with. */
function isAvif(start: string): boolean {
  const size = Math.min(Buffer.from(start.slice(0, 4), 'latin1').readUInt32BE(), start.length)
  for (let at = 8; at + 4 <= size; at += 4) if (AVIF_BRANDS.includes(start.slice(at, at + 4))) return true
  return false
}
