/** `toBeCloseToTensor`: whether two tensors hold almost the same numbers. */
import * as tf from '../../components/tensors/tf'
import { type Difference, type PlainTensor, type Tolerance, tensorDifferences } from '../tensors/tensor-differences'
import { heading, type MatcherResult, result } from './matcher'

/** A tensor, its numbers with their shape, or numbers alone, which are compared in their order whatever the shape. */
export type TensorLike = tf.Tensor | PlainTensor | ArrayLike<number>

/** What is allowed unless it is said: the rounding of a few float32 operations. */
const TOLERANCE: Tolerance = { atol: 1e-6, rtol: 1e-5 }

interface Compared {
  /** `undefined` for numbers alone. */
  readonly shape: readonly number[] | undefined
  readonly values: ArrayLike<number>
}

function toCompared(value: TensorLike): Compared {
  if (value instanceof tf.Tensor) return { shape: value.shape, values: value.dataSync() }
  return 'values' in value && 'shape' in value ? value : { shape: undefined, values: value as ArrayLike<number> }
}

function isTensorLike(value: unknown): value is TensorLike {
  return (
    typeof value === 'object' &&
    value !== null &&
    (('values' in value && 'shape' in value) || 'length' in value || value instanceof tf.Tensor)
  )
}

function line(what: string, { index, got, expected, allowed }: Difference): string {
  return `${what.padEnd(20)} [${index.join(', ')}]: expected ${expected} (±${allowed}), got ${got}, which is ${Math.abs(got - expected)} away`
}

/** Passes if the shapes are the same and no number is further off than `atol + rtol * |expected|`. Neither tensor is given back. */
export function toBeCloseToTensor(
  received: TensorLike,
  expected: TensorLike,
  { atol = TOLERANCE.atol, rtol = TOLERANCE.rtol }: Partial<Tolerance> = {},
): MatcherResult {
  const title = heading('toBeCloseToTensor', 'tensor', `expected, { atol: ${atol}, rtol: ${rtol} }`)
  if (!isTensorLike(received)) return result(false, title, `Expected a tensor, got ${String(received)}.`, '')
  const [got, wanted] = [toCompared(received), toCompared(expected)]
  const shape = wanted.shape ?? got.shape ?? [wanted.values.length]
  const gotShape = (wanted.shape && got.shape) ?? [got.values.length]
  const wantedShape = (got.shape && wanted.shape) ?? [wanted.values.length]
  if (gotShape.join() !== wantedShape.join()) {
    return result(false, title, `Expected the shape [${wantedShape.join(', ')}], got [${gotShape.join(', ')}].`, '')
  }
  const { count, first, largest, maxError } = tensorDifferences(
    { shape, values: got.values },
    { shape, values: wanted.values },
    { atol, rtol },
  )
  const lines = first && largest ? [line('first difference', first), line('largest difference', largest)] : []
  return result(
    count === 0,
    title,
    [`${count} of ${wanted.values.length} numbers are too far off.`, ...lines].join('\n'),
    `No number is more than ${maxError} off, but the tensors were expected to differ.`,
  )
}
