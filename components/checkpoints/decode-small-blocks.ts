/** Decodes blocks of 32 values with one scale. Source: llama.cpp ggml/src/ggml-quants.c (dequantize_row_*). */
import { type BlockDecoder, float16At, IQ4_VALUES, signed } from './block-decoder'

const q4_0: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  for (let i = 0; i < 16; i++) {
    const code = bytes[at + 2 + i] as number
    values[to + i] = d * ((code & 15) - 8)
    values[to + 16 + i] = d * ((code >> 4) - 8)
  }
}

const q4_1: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  const min = float16At(bytes, at + 2, float16)
  for (let i = 0; i < 16; i++) {
    const code = bytes[at + 4 + i] as number
    values[to + i] = d * (code & 15) + min
    values[to + 16 + i] = d * (code >> 4) + min
  }
}

const q5_0: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  const high = highBits(bytes, at + 2)
  for (let i = 0; i < 16; i++) {
    const code = bytes[at + 6 + i] as number
    values[to + i] = d * (((code & 15) | (((high >>> i) & 1) << 4)) - 16)
    values[to + 16 + i] = d * (((code >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16)
  }
}

const q5_1: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  const min = float16At(bytes, at + 2, float16)
  const high = highBits(bytes, at + 4)
  for (let i = 0; i < 16; i++) {
    const code = bytes[at + 8 + i] as number
    values[to + i] = d * ((code & 15) | (((high >>> i) & 1) << 4)) + min
    values[to + 16 + i] = d * ((code >> 4) | (((high >>> (i + 16)) & 1) << 4)) + min
  }
}

const q8_0: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  for (let i = 0; i < 32; i++) values[to + i] = d * signed(bytes[at + 2 + i] as number)
}

const iq4_nl: BlockDecoder = (bytes, at, values, to, float16) => {
  const d = float16At(bytes, at, float16)
  for (let i = 0; i < 16; i++) {
    const code = bytes[at + 2 + i] as number
    values[to + i] = d * (IQ4_VALUES[code & 15] as number)
    values[to + 16 + i] = d * (IQ4_VALUES[code >> 4] as number)
  }
}

/** The fifth bits of 32 codes. */
function highBits(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** The decoders by type. */
export const smallBlockDecoders = {
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: q8_0,
  IQ4_NL: iq4_nl,
} as const
