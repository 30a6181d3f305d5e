/**
 * PyTorch's transform of a block of uniform numbers to normal ones. Counterpart: normal_fill_16 in PyTorch's
 * aten/src/ATen/native/cpu/DistributionTemplates.h.
 */

/** The numbers that are transformed together; the first half becomes radii, the second angles. */
export const NORMAL_BLOCK = 16

const HALF = NORMAL_BLOCK / 2

/**
 * Replaces the 16 uniform numbers from `begin` on by normal ones. Radius and angle pass through the array, which rounds them
 * to its type as PyTorch does: with exact angles, float32 numbers would differ from PyTorch's by twice as much.
 */
export function transformBlock(values: Float32Array | Float64Array, begin: number): void {
  const fullTurn = values instanceof Float32Array ? Math.fround(2 * Math.PI) : 2 * Math.PI
  for (let i = begin; i < begin + HALF; i++) {
    // 1 - u is never 0, so its logarithm is finite.
    values[i] = Math.sqrt(-2 * Math.log(1 - (values[i] as number)))
    values[i + HALF] = fullTurn * (values[i + HALF] as number)
    const radius = values[i] as number
    const angle = values[i + HALF] as number
    values[i] = radius * Math.cos(angle)
    values[i + HALF] = radius * Math.sin(angle)
  }
}
