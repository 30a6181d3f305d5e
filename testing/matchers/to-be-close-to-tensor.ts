/** `toBeCloseToTensor`: whether two tensors hold almost the same numbers. */
import * as tf from '../../components/tensors/tf'
import { kindOf } from '../../src/errors/text'
import { isPromise } from '../../src/runtime/maybe-promise'
import { type Difference, type PlainTensor, type Tolerance, tensorDifferences } from '../tensors/tensor-differences'
import { heading, type MatcherResult, MatcherUseError, result } from './matcher'

/** A tensor, its numbers with their shape, or numbers alone, which are compared in their order whatever the shape. */
export type TensorLike = tf.Tensor | PlainTensor | ArrayLike<number>

/** Default tolerance: the rounding of a few float32 operations. */
const TOLERANCE: Tolerance = { atol: 1e-6, rtol: 1e-5 }

interface Compared {
  /** `undefined` for numbers alone. */
  readonly shape: readonly number[] | undefined
  readonly values: ArrayLike<number>
}

/** @throws MatcherUseError for what is not a tensor of numbers */
function toCompared(title: string, side: string, value: unknown): Compared {
  const refuse = (problem: string) =>
    new MatcherUseError(
      title,
      `The ${side} side must be a tensor, { shape, values }, or a list of numbers; ${problem}.`,
    )
  if (isPromise(value)) throw refuse('a promise must be awaited first')
  if (value instanceof tf.Tensor) {
    if (value.isDisposed) throw refuse('this tensor has been disposed')
    if (value.dtype === 'string' || value.dtype === 'complex64') throw refuse(`this tensor holds ${value.dtype} values`)
    return { shape: value.shape, values: value.dataSync() }
  }
  if (typeof value !== 'object' || value === null) throw refuse(`this is ${kindOf(value)}`)
  const { shape, values } = 'shape' in value ? (value as Partial<PlainTensor>) : { shape: undefined, values: value }
  if (!isNumbers(values)) throw refuse(`this is ${kindOf(value)}`)
  return { shape, values }
}

function isNumbers(values: unknown): values is ArrayLike<number> {
  if (typeof values !== 'object' || values === null || !('length' in values)) return false
  return Array.prototype.every.call(values, value => typeof value === 'number')
}

/** @throws MatcherUseError */
function checkTolerance(title: string, tolerance: unknown): void {
  const isTolerance = typeof tolerance === 'object' && tolerance !== null
  if (isTolerance && Object.values(tolerance).every(part => part === undefined || part >= 0)) return
  throw new MatcherUseError(title, 'A tolerance is { atol, rtol }: numbers that are not below zero.')
}

function line(what: string, { index, got, expected, allowed }: Difference): string {
  return `${what.padEnd(20)} [${index.join(', ')}]: expected ${expected} (±${allowed}), got ${got}, which is ${Math.abs(got - expected)} away`
}

/**
 * Passes if the shapes are the same and no number is further off than `atol + rtol * |expected|`. Neither tensor is disposed.
 *
 * @throws MatcherUseError for what holds no numbers, and for a tolerance that is none
 */
export function toBeCloseToTensor(
  received: TensorLike,
  expected: TensorLike,
  tolerance: Partial<Tolerance> = {},
): MatcherResult {
  checkTolerance(heading('toBeCloseToTensor', 'tensor', 'expected, tolerance'), tolerance)
  const { atol = TOLERANCE.atol, rtol = TOLERANCE.rtol } = tolerance
  const title = heading('toBeCloseToTensor', 'tensor', `expected, { atol: ${atol}, rtol: ${rtol} }`)
  const [got, wanted] = [toCompared(title, 'received', received), toCompared(title, 'expected', expected)]
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
