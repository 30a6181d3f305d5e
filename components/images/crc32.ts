/** The checksum of PNG's chunks. Algorithm: PNG specification, annex D. */
import zlib from 'node:zlib'

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1
  return remainder
})

/** Returns the CRC-32 of some bytes, as a number of at least 0. */
export function crc32(bytes: Uint8Array): number {
  // Node has it from 20.15 on: a hundred times as fast as a loop.
  return zlib.crc32?.(bytes) ?? computeCrc32(bytes)
}

/** Computes it where Node has no function for it. */
export function computeCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
