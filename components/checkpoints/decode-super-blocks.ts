/** Decodes blocks of 256 values whose parts have scales of their own. Source: llama.cpp ggml/src/ggml-quants.c (dequantize_row_*). */
import { type BlockDecoder, float16At, IQ4_VALUES, signed } from './block-decoder'

const q2_k: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at + 80, float16)
  const min = float16At(bytes, at + 82, float16)
  for (let part = 0; part < 16; part++) {
    const scale = bytes[at + part] as number
    const step = d * (scale & 15)
    const least = min * (scale >> 4)
    // Eight parts share 32 bytes: two of 16 values for each pair of bits.
    const codes = at + 16 + 32 * (part >> 3) + 16 * (part & 1)
    const shift = 2 * ((part >> 1) & 3)
    for (let i = 0; i < 16; i++) {
      values[to + 16 * part + i] = step * (((bytes[codes + i] as number) >> shift) & 3) - least
    }
  }
}

const q3_k: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at + 108, float16)
  for (let part = 0; part < 16; part++) {
    const low = ((bytes[at + 96 + (part & 7)] as number) >> (part < 8 ? 0 : 4)) & 15
    const high = ((bytes[at + 104 + (part & 3)] as number) >> (2 * (part >> 2))) & 3
    const step = d * ((low | (high << 4)) - 32)
    const codes = at + 32 + 32 * (part >> 3) + 16 * (part & 1)
    const shift = 2 * ((part >> 1) & 3)
    const mask = at + 16 * (part & 1)
    const bit = part >> 1
    for (let i = 0; i < 16; i++) {
      const isPositive = ((bytes[mask + i] as number) >> bit) & 1
      values[to + 16 * part + i] = step * ((((bytes[codes + i] as number) >> shift) & 3) - (isPositive ? 0 : 4))
    }
  }
}

/** The scale of one of eight parts: six bits, of which the last four parts have two among those of the first. */
function scaleOf(bytes: Uint8Array, scales: number, part: number): number {
  if (part < 4) return (bytes[scales + part] as number) & 63
  return ((bytes[scales + part + 4] as number) & 15) | (((bytes[scales + part - 4] as number) >> 6) << 4)
}

/** The least value of one of eight parts. */
function leastOf(bytes: Uint8Array, scales: number, part: number): number {
  if (part < 4) return (bytes[scales + part + 4] as number) & 63
  return ((bytes[scales + part + 4] as number) >> 4) | (((bytes[scales + part] as number) >> 6) << 4)
}

const q4_k: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  const min = float16At(bytes, at + 2, float16)
  for (let part = 0; part < 8; part++) {
    const step = d * scaleOf(bytes, at + 4, part)
    const least = min * leastOf(bytes, at + 4, part)
    const codes = at + 16 + 32 * (part >> 1)
    const shift = 4 * (part & 1)
    for (let i = 0; i < 32; i++) {
      values[to + 32 * part + i] = step * (((bytes[codes + i] as number) >> shift) & 15) - least
    }
  }
}

const q5_k: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  const min = float16At(bytes, at + 2, float16)
  for (let part = 0; part < 8; part++) {
    const step = d * scaleOf(bytes, at + 4, part)
    const least = min * leastOf(bytes, at + 4, part)
    const codes = at + 48 + 32 * (part >> 1)
    const shift = 4 * (part & 1)
    for (let i = 0; i < 32; i++) {
      const high = (((bytes[at + 16 + i] as number) >> part) & 1) << 4
      values[to + 32 * part + i] = step * ((((bytes[codes + i] as number) >> shift) & 15) | high) - least
    }
  }
}

const q6_k: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at + 208, float16)
  for (let part = 0; part < 16; part++) {
    const step = d * signed(bytes[at + 192 + part] as number)
    // Half of a block: four rows of 32 values, of which the first two take the low halves of 64 bytes, the others the high halves.
    const half = part >> 3
    const row = (part >> 1) & 3
    const column = 16 * (part & 1)
    const low = at + 64 * half + 32 * (row & 1) + column
    const high = at + 128 + 32 * half + column
    const shift = 4 * (row >> 1)
    for (let i = 0; i < 16; i++) {
      const code =
        (((bytes[low + i] as number) >> shift) & 15) | ((((bytes[high + i] as number) >> (2 * row)) & 3) << 4)
      values[to + 16 * part + i] = step * (code - 32)
    }
  }
}

const iq4_xs: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  const high = (bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)
  for (let part = 0; part < 8; part++) {
    const low = ((bytes[at + 4 + (part >> 1)] as number) >> (4 * (part & 1))) & 15
    const step = d * ((low | (((high >> (2 * part)) & 3) << 4)) - 32)
    const codes = at + 8 + 16 * part
    for (let i = 0; i < 16; i++) {
      const code = bytes[codes + i] as number
      values[to + 32 * part + i] = step * (IQ4_VALUES[code & 15] as number)
      values[to + 32 * part + 16 + i] = step * (IQ4_VALUES[code >> 4] as number)
    }
  }
}

/** The decoders by type. */
export const superBlockDecoders = {
  Q2_K: q2_k,
  Q3_K: q3_k,
  Q4_K: q4_k,
  Q5_K: q5_k,
  Q6_K: q6_k,
  IQ4_XS: iq4_xs,
} as const
