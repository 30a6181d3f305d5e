/** Repeats the rows of tensors without blocking the event loop. */
import { inPieces, runInSlices } from '../../src/runtime/time-slice'
import { makeTensor } from './make-tensor'
import type * as tf from './tf'

/** Numbers that one piece of the loop copies: a fraction of a millisecond. */
const PIECE = 2 ** 17

/**
 * Writes each row of `rows` into `target` as often as `times` says, the copies of a row together; from the number `offset` of `target` on.
 *
 * @param rowSize numbers of a row
 */
export function* repeatRowsLoop(
  rows: Float32Array,
  { rowSize, times, target, offset = 0 }: { rowSize: number; times: number; target: Float32Array; offset?: number },
): Generator<void, void, void> {
  const copies = (rows.length / rowSize) * times
  const copy = (begin: number, end: number) => {
    for (let i = begin; i < end; i++) {
      const from = Math.floor(i / times) * rowSize
      target.set(rows.subarray(from, from + rowSize), offset + i * rowSize)
    }
  }
  yield* inPieces(copies, copy, Math.max(1, Math.floor(PIECE / rowSize)))
}

/**
 * Repeats each row of a tensor, as `repeat_interleave` of PyTorch does along the first axis, in slices between which the event loop runs. The caller owns the
 * result.
 *
 * @throws the reason of `options.signal`
 */
export async function repeatRows<T extends tf.Tensor>(
  x: T,
  times: number,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<T> {
  if (times === 1) return x.clone()
  const rows = await x.data<'float32'>()
  const target = new Float32Array(x.size * times)
  const [count = 1, ...row] = x.shape
  await runInSlices(repeatRowsLoop(rows, { rowSize: x.size / count, times, target }), signal)
  return (await makeTensor(target, [count * times, ...row], { signal })) as T
}
