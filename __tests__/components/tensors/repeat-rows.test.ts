import * as tf from '@tensorflow/tfjs-core'
import { cpuLoader } from '../../../components/backends/cpu-loader'
import { repeatRows } from '../../../components/tensors/repeat-rows'
import { useLeakCheck } from './use-leak-check'

beforeAll(async () => {
  await cpuLoader.load({ threads: 1 })
  await tf.setBackend('cpu')
})

useLeakCheck()

test.each([
  [[2, 3, 1], 1],
  [[2, 3, 1], 4],
  // Rows of many numbers, and many pieces.
  [[3, 70_000], 5],
  [[1, 2], 200_000],
] as [number[], number][])('rows of %j are repeated %d times, and copies stay together', async (shape, times) => {
  const size = shape.reduce((a, b) => a * b)
  const x = tf.tidy(() => tf.range(0, size).reshape(shape))
  const expected = tf.tidy(() =>
    tf.gather(x, tf.range(0, (shape[0] as number) * times, 1, 'int32').floorDiv(tf.scalar(times, 'int32'))),
  )
  const repeated = await repeatRows(x, times)
  expect(repeated.shape).toEqual(expected.shape)
  expect(Buffer.from(repeated.dataSync().buffer).equals(Buffer.from(expected.dataSync().buffer))).toBe(true)
  tf.dispose([x, expected, repeated])
})

test('an abort in the middle rejects and leaves no tensor', async () => {
  const x = tf.zeros([1, 1000])
  const controller = new AbortController()
  setImmediate(() => controller.abort(new Error('stopped')))
  await expect(repeatRows(x, 200_000, { signal: controller.signal })).rejects.toThrow('stopped')
  x.dispose()
})
