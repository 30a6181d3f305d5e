/** The numbers that the bit patterns of float16 stand for. */

/** Made when first needed. */
let values: Float32Array | undefined

/** Returns the value of every bit pattern (IEEE 754 binary16), by the pattern. */
export function float16Values(): Float32Array {
  values ??= makeValues()
  return values
}

function makeValues(): Float32Array {
  const made = new Float32Array(65536)
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    if (exponent === 31) made[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
    else if (exponent === 0) made[bits] = sign * fraction * 2 ** -24
    else made[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25)
  }
  return made
}
