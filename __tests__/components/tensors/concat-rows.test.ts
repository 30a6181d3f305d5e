import * as tf from '@tensorflow/tfjs-core'
import { cpuLoader } from '../../../components/backends/cpu-loader'
import { concatRows } from '../../../components/tensors/concat-rows'
import { ticksDuring } from '../../src/runtime/ticks-during'
import { useLeakCheck } from './use-leak-check'

beforeAll(async () => {
  await cpuLoader.load({ threads: 1 })
  await tf.setBackend('cpu')
})

useLeakCheck()

test.each([10, 400_000])('joins batches of %d rows', async rows => {
  const parts = [rows, 1, rows].map((count, i) => tf.tidy(() => tf.range(i, i + 3 * count).reshape([count, 3])))
  const [joined, expected] = [await concatRows(parts), tf.concat(parts)]
  expect(joined.shape).toEqual([2 * rows + 1, 3])
  expect(Buffer.from(joined.dataSync().buffer).equals(Buffer.from(expected.dataSync().buffer))).toBe(true)
  tf.dispose([parts, joined, expected])
})

test('lets other work run while it joins large batches', async () => {
  const parts = [tf.zeros([2, 2 ** 23]), tf.zeros([2, 2 ** 23])]
  expect(await ticksDuring(async () => tf.dispose(await concatRows(parts)))).toBeGreaterThan(1)
  tf.dispose(parts)
})

test('refuses batches of different rows', async () => {
  const parts = [tf.zeros([2 ** 20, 3]), tf.zeros([2 ** 20, 2])]
  await expect(concatRows(parts)).rejects.toThrow(/concat/i)
  tf.dispose(parts)
})
