/**
 * PyTorch's transform of a block of uniform numbers to normal ones. Counterpart: normal_fill_16 in PyTorch's
 * aten/src/ATen/native/cpu/DistributionTemplates.h.
 */

/** The numbers that are transformed together; the first half are radii, the second angles. */
export const BLOCK = 16

const HALF = BLOCK / 2

/** Replaces the 16 uniform numbers from `begin` on by normal ones. */
export function transformBlock(values: Float32Array | Float64Array, begin: number): void {
  for (let i = begin; i < begin + HALF; i++) {
    // 1 - u is never 0, so its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - (values[i] as number)))
    const angle = 2 * Math.PI * (values[i + HALF] as number)
    values[i] = radius * Math.cos(angle)
    values[i + HALF] = radius * Math.sin(angle)
  }
}
