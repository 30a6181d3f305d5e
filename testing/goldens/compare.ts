/** Compares what we compute with what was recorded, and says where they part. */
import type { Tolerance } from './golden-case'

/** A difference: where, what was recorded and what came out. Thrown by the checks; a case with one has failed. */
export class GoldenMismatch extends Error {
  constructor(where: string, expected: string, got: string) {
    super(`${where}: expected ${expected}, got ${got}`)
    this.name = 'GoldenMismatch'
  }
}

/** A tensor as plain numbers. */
export interface PlainTensor {
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
}

/** The largest difference that a comparison has seen, as a share of what was allowed. */
export interface Closeness {
  maxError: number
}

function indexText(flat: number, shape: readonly number[]): string {
  const index: number[] = []
  let rest = flat
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % (shape[axis] as number))
    rest = Math.floor(rest / (shape[axis] as number))
  }
  return `[${index.join(', ')}]`
}

/** Checks a tensor element by element; the first that is too far off is reported with both values.
 * @throws GoldenMismatch */
export function expectClose(
  where: string,
  got: PlainTensor,
  expected: PlainTensor,
  { atol, rtol }: Tolerance,
): Closeness {
  if (got.shape.join() !== expected.shape.join()) {
    throw new GoldenMismatch(`${where} (shape)`, `[${expected.shape}]`, `[${got.shape}]`)
  }
  let maxError = 0
  for (let i = 0; i < expected.values.length; i++) {
    const [a, b] = [got.values[i] as number, expected.values[i] as number]
    if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) continue
    const error = Math.abs(a - b)
    const allowed = atol + rtol * Math.abs(b)
    // What is infinite or NaN on one side alone is wrong whatever is allowed.
    if (!(error <= allowed && Number.isFinite(error))) {
      throw new GoldenMismatch(`${where}${indexText(i, expected.shape)}`, `${b} (±${allowed})`, String(a))
    }
    maxError = Math.max(maxError, error)
  }
  return { maxError }
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (member === undefined ? null : member)) ?? 'null'
}

/** Checks plain values: structures member by member, numbers within the tolerance; `undefined` is the goldens' null.
 * @throws GoldenMismatch */
export function expectEqual(
  where: string,
  got: unknown,
  expected: unknown,
  tolerance: Tolerance = { atol: 0, rtol: 0 },
): void {
  if (typeof got === 'number' && typeof expected === 'number') {
    expectClose(where, { shape: [], values: [got] }, { shape: [], values: [expected] }, tolerance)
  } else if (Array.isArray(got) && Array.isArray(expected)) {
    if (got.length !== expected.length) throw new GoldenMismatch(where, text(expected), text(got))
    got.forEach((member, i) => {
      expectEqual(`${where}[${i}]`, member, expected[i], tolerance)
    })
  } else if (isRecord(got) && isRecord(expected)) {
    if (Object.keys(got).sort().join() !== Object.keys(expected).sort().join()) {
      throw new GoldenMismatch(where, text(expected), text(got))
    }
    for (const key of Object.keys(expected)) expectEqual(`${where}.${key}`, got[key], expected[key], tolerance)
  } else if ((got ?? null) !== (expected ?? null)) {
    throw new GoldenMismatch(where, text(expected), text(got))
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
