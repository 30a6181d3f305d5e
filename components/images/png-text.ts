/**
 * Text inside PNG files, under keywords. sharp reads such text but does not write it.
 * Format: PNG specification, 11.3.3.4 (iTXt).
 */
import { crc32 } from './crc32'
import { InvalidImageError } from './invalid-image-error'
import { InvalidPngTextError } from './invalid-png-text-error'
import { loadSharp } from './load-sharp'

/** Bytes of a PNG file up to the end of its first chunk, the header: 8 of signature, 25 of the chunk. */
const HEADER_END = 33

/**
 * A PNG file with text added, as UTF-8.
 *
 * @param text by keyword
 * @throws InvalidPngTextError if a keyword is not 1 to 79 printable Latin-1 characters, or a text holds a null character
 */
export function addPngText(png: Uint8Array, text: Readonly<Record<string, string>>): Buffer {
  const chunks = Object.entries(text).map(([keyword, value]) => makeTextChunk(keyword, value))
  return Buffer.concat([png.subarray(0, HEADER_END), ...chunks, png.subarray(HEADER_END)])
}

/**
 * The texts in a PNG file, by keyword; the last one where a keyword occurs again.
 *
 * @throws InvalidImageError if the bytes are no PNG file
 */
export async function readPngText(png: Uint8Array): Promise<ReadonlyMap<string, string>> {
  const sharp = loadSharp()
  const { format, comments = [] } = await sharp(png)
    .metadata()
    .catch(cause => {
      throw new InvalidImageError('PNG', `cannot be read: ${(cause as Error).message}.`, cause)
    })
  if (format !== 'png') throw new InvalidImageError('PNG', `expected a PNG file, got ${format}.`)
  return new Map(comments.map(({ keyword, text }) => [keyword, text]))
}

/** An iTXt chunk: keyword, null, no compression (2 bytes), no language (null), no translated keyword (null), text. */
function makeTextChunk(keyword: string, text: string): Buffer {
  if (!/^(?! )[ -~\xa1-\xff]{1,79}(?<! )$/.test(keyword)) {
    throw new InvalidPngTextError(keyword, 'must be 1 to 79 printable Latin-1 characters, with no space around')
  }
  if (text.includes('\0')) throw new InvalidPngTextError(keyword, 'has a text with a null character')
  const body = Buffer.concat([Buffer.from('iTXt'), Buffer.from(keyword, 'latin1'), Buffer.alloc(5), Buffer.from(text)])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(body.length - 4, 0)
  chunk.set(body, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}
