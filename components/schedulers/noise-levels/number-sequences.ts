/**
 * Number sequences with the rounding of numpy and torch. Timesteps are rounded or cut to whole numbers later, where the last bit of a
 * sequence can decide which step of the schedule is taken.
 */

/** `count` evenly spaced numbers from `start` to `stop`, both included. Counterpart: numpy.linspace */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1)
  return Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 ? stop : start + (i === 0 ? 0 : i * step)))
}

/** The same in float32, counted from both ends to the middle; `count` is at least 2. Counterpart: torch.linspace */
export function linspaceFloat32(start: number, stop: number, count: number): Float32Array {
  const first = Math.fround(start)
  const last = Math.fround(stop)
  const step = Math.fround(Math.fround(last - first) / (count - 1))
  const half = Math.floor(count / 2)
  // Product and sum are rounded once, together, as by a fused multiply-add.
  return Float32Array.from({ length: count }, (_, i) => (i < half ? first + step * i : last - step * (count - 1 - i)))
}

/**
 * Returns the nearest whole number, and of two equally near ones the even one. Python rounds this way and `Math.round()` does not: a block that counts
 * steps as diffusers does needs it. Counterpart: numpy.round
 */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

/** The value at a position between two entries of a table, on the straight line between them. Counterpart: numpy.interp */
export function interpolate(table: ArrayLike<number>, position: number): number {
  const last = table.length - 1
  const below = Math.min(Math.max(Math.floor(position), 0), last)
  const low = table[below] as number
  if (position <= below || below === last) return low
  return ((table[below + 1] as number) - low) * (position - below) + low
}
