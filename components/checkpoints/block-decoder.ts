/** What decodes one block of a GGUF type, and what several types have in common. */

/**
 * Decodes one block.
 *
 * @param bytes those of the tensor
 * @param at where the block begins
 * @param values those of the tensor
 * @param to where the values of the block begin
 * @param float16 the value of every float16 bit pattern
 */
export type BlockDecoder = (
  bytes: Uint8Array,
  at: number,
  values: Float32Array,
  to: number,
  float16: Float32Array,
) => void

/** The float16 at a place. */
export function float16At(bytes: Uint8Array, at: number, float16: Float32Array): number {
  return float16[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number
}

/** The values that the codes of IQ4 stand for. */
export const IQ4_VALUES = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const

/** A byte as a number from -128 to 127. */
export function signed(byte: number): number {
  return (byte << 24) >> 24
}
