/** The chunks of a PNG file. Format: PNG specification, 5.3. */

/** Bytes of the signature at the beginning of the file. */
const SIGNATURE_BYTES = 8

/** One chunk. */
export interface PngChunk {
  /** Four letters, e.g. `IDAT`. */
  readonly type: string
  readonly data: Uint8Array
  /** Of the chunk's content, as the file states it. */
  readonly crc: number
  /** The whole chunk, with its length, type and checksum. */
  readonly whole: Uint8Array
}

/** Walks through a file that begins with the signature of PNG. @throws Error for a file that ends inside of a chunk */
export function* pngChunks(png: Uint8Array): Iterable<PngChunk> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  for (let at = SIGNATURE_BYTES; at < png.length; ) {
    const end = at + 12 <= png.length ? at + 12 + view.getUint32(at) : Number.POSITIVE_INFINITY
    if (end > png.length) throw new Error('it ends inside of a chunk')
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8))
    yield { type, data: png.subarray(at + 8, end - 4), crc: view.getUint32(end - 4), whole: png.subarray(at, end) }
    if (type === 'IEND') return
    at = end
  }
}

/** Whether chunks of a type hold text. */
export function isTextChunk(type: string): boolean {
  return ['tEXt', 'zTXt', 'iTXt'].includes(type)
}

/** A PNG file without its texts, which a decoder would inflate: each can be a thousand times as long as its chunk. */
export function withoutPngText(png: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [png.subarray(0, SIGNATURE_BYTES)]
  for (const { type, whole } of pngChunks(png)) if (!isTextChunk(type)) pieces.push(whole)
  return Buffer.concat(pieces)
}
