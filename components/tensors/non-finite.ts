/** Looks for NaN and infinity in tensors. */
import type * as tf from '@tensorflow/tfjs-core'
import { inPieces, runInSlices } from '../../src/runtime/time-slice'
import { warn } from '../../src/runtime/warn'

// Not looked up for each value: where code runs in a context of its own, the way to globals is long.
const { isFinite: isFiniteNumber } = Number

/** Counts the values that are NaN or infinite. */
export function countNonFinite(values: Float32Array): number {
  let count = 0
  for (let i = 0; i < values.length; i++) if (!isFiniteNumber(values[i])) count++
  return count
}

/** Counts them in slices, between which the event loop runs. @throws the reason of `signal` */
export async function countNonFiniteAsync(values: Float32Array, signal?: AbortSignal): Promise<number> {
  const [count = 0] = await runInSlices(countEach(values, 1), signal)
  return count
}

/** How {@link warnOfNonFinite} words its warning. */
export interface NonFiniteWarningOptions {
  /** What comes of such values, as an end of a sentence. */
  effect: string
  /** Cancels the work. */
  signal?: AbortSignal | undefined
}

/**
 * Warns if the float32 tensors of a batch hold NaN or infinity, and says how to find out where they arise.
 *
 * @param code code of the warning
 * @param what what an element of the batch is, e.g. `picture`
 */
export async function warnOfNonFinite(
  code: string,
  what: string,
  batch: tf.Tensor,
  { effect, signal }: NonFiniteWarningOptions,
): Promise<void> {
  if (batch.dtype !== 'float32') return
  const values = await batch.data<'float32'>()
  const [count = 1] = batch.shape
  const length = values.length / count
  const wrong = await runInSlices(countEach(values, count), signal)
  const first = wrong.findIndex(each => each > 0)
  if (first === -1) return
  const affected = wrong.filter(each => each > 0).length
  const which =
    count === 1 ? `The ${what} has` : `${affected} of ${count} ${what}s, the first of them number ${first + 1}, have`
  const total = wrong.reduce((sum, each) => sum + each, 0)
  warn(
    code,
    `${which} ${total} of ${affected * length} values that are NaN or infinite${effect}. Common causes are damaged weights, ` +
      'half-precision weights that overflow and a guidance scale that is too large. Run with `checkNumerics: true` ' +
      '(on the command line: --check-numerics) to find the block that makes them.',
  )
}

/** How many values of each element of a batch are NaN or infinite. */
function* countEach(values: Float32Array, count: number): Generator<void, number[], void> {
  const length = values.length / count
  const counts: number[] = []
  for (let i = 0; i < count; i++) {
    const element = values.subarray(i * length, (i + 1) * length)
    let sum = 0
    yield* inPieces(element.length, (begin, end) => {
      sum += countNonFinite(element.subarray(begin, end))
    })
    counts.push(sum)
    yield
  }
  return counts
}
