/** Square roots in float32 as the reference has them. */

/**
 * The root, by a correction of the reciprocal root as libraries of vector arithmetic do it. Its last bit may not be that of the nearest
 * number, and neither is that of the reference. Just below 1, where many roots lie halfway between two numbers, the two nearly always
 * agree. Use it where such bits show: in differences of nearly equal numbers.
 *
 * @param value from 0 on
 */
export function rootFloat32(value: number): number {
  if (value === 0) return 0
  const reciprocal = Math.fround(1 / Math.sqrt(value))
  const guess = Math.fround(value * reciprocal)
  return Math.fround(guess + guess * Math.fround(0.5 - guess * (reciprocal / 2)))
}
