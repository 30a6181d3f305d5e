/** Safetensors files made by hand, right and wrong. */

/** A file with this header, as an object or as the text itself, and this many bytes of data. */
export function safetensorsBytes(header: unknown, dataBytes = 0): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)])
}
