/** Compares tensors number by number. */

/** A tensor as plain numbers. */
export interface PlainTensor {
  /** Shape of the tensor. */
  readonly shape: readonly number[]
  /** Its numbers, row by row. */
  readonly values: ArrayLike<number>
}

/** How far a number may be from the expected one: `atol + rtol * |expected|`. */
export interface Tolerance {
  /** Absolute difference that is allowed. */
  readonly atol: number
  /** Difference that is allowed, relative to the expected number. */
  readonly rtol: number
}

/** A number that is further off than it may be. */
export interface Difference {
  /** Where it stands, one index for each axis. */
  readonly index: readonly number[]
  /** The number. */
  readonly got: number
  /** The expected number. */
  readonly expected: number
  /** How far it may be off. */
  readonly allowed: number
}

/** How far two tensors of one shape are apart. */
export interface TensorDifferences {
  /** How many numbers are further off than they may be. */
  readonly count: number
  /** The first number that is too far off. */
  readonly first: Difference | undefined
  /** Among those that are further off than they may be, the one that is furthest. */
  readonly largest: Difference | undefined
  /** The largest distance of all numbers, also of those that are near enough. */
  readonly maxError: number
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = []
  let rest = flat
  for (const size of shape.toReversed()) {
    index.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return index
}

/** Compares two tensors of one shape. What is infinite or NaN on one side alone is wrong whatever is allowed. */
export function tensorDifferences(
  got: PlainTensor,
  expected: PlainTensor,
  { atol, rtol }: Tolerance,
): TensorDifferences {
  let [count, first, largest, maxError, largestError] = [0, -1, -1, 0, -1]
  for (let i = 0; i < expected.values.length; i++) {
    const [a, b] = [got.values[i] as number, expected.values[i] as number]
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue
    const distance = Math.abs(a - b)
    const error = Number.isFinite(distance) ? distance : Number.POSITIVE_INFINITY
    if (error > maxError) maxError = error
    if (error <= atol + rtol * Math.abs(b) && error < Number.POSITIVE_INFINITY) continue
    if (count++ === 0) first = i
    if (error > largestError) {
      largest = i
      largestError = error
    }
  }
  const at = (i: number): Difference | undefined => {
    if (i < 0) return undefined
    const [a, b] = [got.values[i] as number, expected.values[i] as number]
    return { index: indexOf(i, expected.shape), got: a, expected: b, allowed: atol + rtol * Math.abs(b) }
  }
  return { count, first: at(first), largest: at(largest), maxError }
}
