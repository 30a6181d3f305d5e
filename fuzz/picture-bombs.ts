/** Small files of pictures that would become very large ones. */
import { deflateSync } from 'node:zlib'
import { crc32 } from '../components/images/crc32'

function chunk(type: string, data: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, sum])
}

function png(width: number, height: number, ...others: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  // One bit for each pixel, in grey.
  head[8] = 1
  const rows = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))))
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  return Buffer.concat([signature, chunk('IHDR', head), ...others, chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))])
}

/** A GIF file that says it has 65,535 × 65,535 pixels. */
const GIF = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([255, 255, 255, 255, 0, 0, 0]), Buffer.from(';')])

/** The head of a JPEG file with 65,500 × 65,500 pixels. */
const JPEG = Buffer.from('ffd8ffc0000b08ffdcffdc0101110000ffda0008010100003f00ffd9', 'hex')

/** The head of a WebP file with 16,384 × 16,384 pixels. */
const WEBP = Buffer.from('524946461600000057454250565038580a00000000000000ff3f00ff3f00', 'hex')

const ENTITIES = Array.from({ length: 12 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')
const SVG = Buffer.from(
  `<!DOCTYPE svg [<!ENTITY e0 "x">${ENTITIES}]><svg xmlns="http://www.w3.org/2000/svg" width="90000" height="90000"><text>&e12;</text></svg>`,
)

/** Files that no server may take. */
export const PICTURE_BOMBS: readonly Buffer[] = [png(9000, 9000), GIF, JPEG, WEBP, SVG]

/** A picture of one pixel, with a text of 16 MiB in 16 KiB. */
export const LONG_TEXT_PICTURE: Buffer = png(
  1,
  1,
  chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), deflateSync(Buffer.alloc(2 ** 24, 0x78))])),
)
