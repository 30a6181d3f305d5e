/** Joins batches without blocking the event loop. */
import { inPieces, runInSlices } from '../../src/runtime/time-slice'
import { makeTensor } from './make-tensor'
import * as tf from './tf'

/** Numbers from which joining takes longer than a slice. */
const LARGE = 2 ** 21

/** Numbers that one piece of the loop copies. */
const PIECE = 2 ** 17

/** Backends whose tensors are in memory. Others join them on their device. */
const IN_MEMORY = ['cpu', 'wasm']

/** Joins tensors along their first axis, in slices between which the event loop runs if they are large. The caller owns the result. */
export async function concatRows(parts: readonly tf.Tensor[]): Promise<tf.Tensor> {
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const [, ...row] = parts[0]?.shape ?? []
  const areAlike = parts.every(part => part.dtype === 'float32' && part.shape.slice(1).join() === row.join())
  if (size < LARGE || !areAlike || !IN_MEMORY.includes(tf.getBackend())) return tf.concat([...parts])
  const target = new Float32Array(size)
  let offset = 0
  for (const part of parts) {
    const values = await part.data<'float32'>()
    const begin = offset
    const copy = (from: number, to: number) => target.set(values.subarray(from, to), begin + from)
    await runInSlices(inPieces(values.length, copy, PIECE))
    offset += values.length
  }
  return makeTensor(target, [parts.reduce((sum, { shape: [rows = 0] }) => sum + rows, 0), ...row])
}
