/**
 * Text inside PNG files, under keywords. sharp does not write it, and reads it without a limit.
 * Format: PNG specification, 11.3.3 (tEXt, zTXt, iTXt).
 */
import { inflateSync } from 'node:zlib'
import { crc32 } from './crc32'
import { imageFormatOf } from './image-format'
import { InvalidImageError } from './invalid-image-error'
import { InvalidPngTextError } from './invalid-png-text-error'
import { isTextChunk, pngChunks } from './png-chunks'

/** Bytes of a PNG file up to the end of its first chunk, the header: 8 of signature, 25 of the chunk. */
const HEADER_END = 33

/** Bytes that all texts of a file may have: compressed, they could be a thousand times as long as the file. */
const MOST_TEXT_BYTES = 4 * 2 ** 20

/** Bytes that all chunks of text may have: compression adds a little to texts that it cannot shorten. */
const MOST_CHUNK_BYTES = MOST_TEXT_BYTES + 2 ** 16

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
 * Returns the texts in a PNG file, by keyword. If a keyword occurs again, the last text counts.
 *
 * @param name of the file, for the error
 * @throws InvalidImageError for bytes that are not a PNG file, or hold more than 4 MiB of text
 */
export async function readPngText(png: Uint8Array, name = 'PNG'): Promise<ReadonlyMap<string, string>> {
  const format = imageFormatOf(png)
  if (format !== 'png') {
    throw new InvalidImageError(name, `expected a PNG file, got ${format ?? 'something that is not an image'}.`)
  }
  const texts = new Map<string, string>()
  let free = MOST_TEXT_BYTES
  let freeInChunks = MOST_CHUNK_BYTES
  try {
    for (const { type, data, crc } of pngChunks(png)) {
      if (!isTextChunk(type)) continue
      freeInChunks -= data.length
      // Before the checksum, which takes time for each byte.
      if (freeInChunks < 0) throw tooMuchText()
      if (crc32(Buffer.concat([Buffer.from(type), data])) !== crc)
        throw new Error('the checksum of a text does not fit')
      const { keyword, text } = parseTextChunk(type, Buffer.from(data), free)
      free -= text.length
      texts.set(keyword, text.toString(type === 'iTXt' ? 'utf8' : 'latin1'))
    }
  } catch (cause) {
    throw new InvalidImageError(name, `cannot be read: ${(cause as Error).message}.`, cause)
  }
  return texts
}

/** The keyword and the bytes of the text of a chunk. @param most bytes that the text may have */
function parseTextChunk(type: string, data: Buffer, most: number): { keyword: string; text: Buffer } {
  const keywordEnd = data.indexOf(0)
  // An iTXt chunk names a language and a translated keyword before its text.
  const [isCompressed, begin] =
    type === 'tEXt'
      ? [false, keywordEnd + 1]
      : type === 'zTXt'
        ? [true, keywordEnd + 2]
        : [data[keywordEnd + 1] === 1, data.indexOf(0, data.indexOf(0, keywordEnd + 3) + 1) + 1]
  const keyword = data.toString('latin1', 0, keywordEnd)
  if (keywordEnd < 1 || begin <= keywordEnd) throw new Error('a text has no keyword')
  const text = data.subarray(begin)
  if (!isCompressed && text.length > most) throw tooMuchText()
  return { keyword, text: isCompressed ? inflateSync(text, { maxOutputLength: Math.max(1, most) }) : text }
}

function tooMuchText(): Error {
  return new Error(`it holds more than ${MOST_TEXT_BYTES} bytes of text`)
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
