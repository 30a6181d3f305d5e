/** Compares what we compute with what was recorded, and says where they part. */
import { type PlainTensor, type Tolerance, tensorDifferences } from '../tensors/tensor-differences'

/** A difference: where, what was recorded and what came out. Thrown by the checks; a case with one has failed. */
export class GoldenMismatch extends Error {
  constructor(where: string, expected: string, got: string) {
    super(`${where}: expected ${expected}, got ${got}`)
    this.name = 'GoldenMismatch'
  }
}

export type { PlainTensor } from '../tensors/tensor-differences'

/** The largest difference that a comparison has seen. */
export interface Closeness {
  maxError: number
}

/** Checks a tensor element by element; the first that is too far off is reported with both values.
 * @throws GoldenMismatch */
export function expectClose(where: string, got: PlainTensor, expected: PlainTensor, tolerance: Tolerance): Closeness {
  if (got.shape.join() !== expected.shape.join()) {
    throw new GoldenMismatch(`${where} (shape)`, `[${expected.shape}]`, `[${got.shape}]`)
  }
  const { first, maxError } = tensorDifferences(got, expected, tolerance)
  if (first) {
    const { index, allowed } = first
    throw new GoldenMismatch(`${where}[${index.join(', ')}]`, `${first.expected} (±${allowed})`, String(first.got))
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
