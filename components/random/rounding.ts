/** Rounds to the 16-bit float formats, whose numbers JavaScript can hold but not make. */

const floatBuffer = new Float32Array(1)
const bits = new Uint32Array(floatBuffer.buffer)

/** Adding and then subtracting this number rounds a small double to a whole number, ties to even. */
const ROUNDER = 1.5 * 2 ** 52

/** The float16 (10 bits of fraction) nearest to a number between -65504 and 65504. */
export function roundToFloat16(value: number): number {
  floatBuffer[0] = value
  const exponent = (((bits[0] as number) >>> 23) & 255) - 127
  const unit = 2 ** (Math.max(exponent, -14) - 10)
  return ((floatBuffer[0] as number) / unit + ROUNDER - ROUNDER) * unit
}

/** The bfloat16 (7 bits of fraction) nearest to a finite number. */
export function roundToBFloat16(value: number): number {
  floatBuffer[0] = value
  const pattern = bits[0] as number
  bits[0] = (pattern + 0x7fff + ((pattern >>> 16) & 1)) & 0xffff0000
  return floatBuffer[0] as number
}
