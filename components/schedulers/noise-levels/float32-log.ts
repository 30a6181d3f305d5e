/** The logarithm with the last bit that numpy's has. */

/** Coefficients, the constant first, of numerator and denominator of `log(1 + y)`. */
const NUMERATOR = [0, 1, 2.112677543073053, 1.4800006335765066, 0.3808837741388408, 0.02589979117907923]
const DENOMINATOR = [
  1, 2.612677543073109, 2.453006071784736, 0.9864942958519419, 0.1546476374983907, 0.005875095403124574,
]
const HALF_ROOT = Math.fround(Math.SQRT1_2)
const LN2 = Math.fround(Math.LN2)

/**
 * The natural logarithm in float32, which is off by the last bit for one number in twelve. Whether a sigma is at a timestep or just before it
 * hangs on that bit, and timesteps are cut to whole numbers. Counterpart: numpy.log of float32 (loops_exponent_log.dispatch.c.src)
 */
export function logFloat32(value: number): number {
  if (!(value > 0 && value < Infinity)) return Math.log(value)
  let exponent = Math.floor(Math.log2(value))
  let mantissa = value / 2 ** exponent
  while (mantissa > 2 * HALF_ROOT) {
    mantissa /= 2
    exponent++
  }
  const y = Math.fround(mantissa - 1)
  return Math.fround(exponent * LN2 + Math.fround(polynomial(NUMERATOR, y) / polynomial(DENOMINATOR, y)))
}

/** Horner's scheme. Product and sum are rounded once, together, as by a fused multiply-add. */
function polynomial(coefficients: readonly number[], y: number): number {
  return coefficients.reduceRight((sum, coefficient) => Math.fround(sum * y + Math.fround(coefficient)), 0)
}
