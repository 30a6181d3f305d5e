/** Tensors of many numbers are copied into the memory of WebAssembly in slices. */
import * as tf from '@tensorflow/tfjs'
import { makeTensor } from '../../../components/tensors/make-tensor'
import { countNonFinite, countNonFiniteAsync } from '../../../components/tensors/non-finite'
import { ticksDuring } from '../../src/runtime/ticks-during'
import { useBackend } from '../models/use-backend'

/** Enough for some slices. */
const LARGE = 2 ** 22 + 3

describe.each(['wasm', 'cpu'] as const)('makeTensor() on the backend %s', backend => {
  useBackend(backend)

  test.each([6, LARGE])('makes the tensor of %d numbers that tf.tensor() makes', async count => {
    const values = Float32Array.from({ length: count }, (_, i) => i)
    const x = await makeTensor(values, [1, count])
    expect(x).toMatchObject({ shape: [1, count], dtype: 'float32' })
    expect(Buffer.from(x.dataSync().buffer).equals(Buffer.from(values.buffer))).toBe(true)
    const doubled = tf.tidy(
      () =>
        x
          .mul(2)
          .flatten()
          .slice([count - 1], [1])
          .dataSync()[0],
    )
    expect(doubled).toBe(2 * (count - 1))
    x.dispose()
  })
})

describe('on WebAssembly', () => {
  useBackend('wasm')

  test('lets timers fire, and survives that the memory grows meanwhile', async () => {
    const values = new Float32Array(4 * LARGE).fill(1)
    const others: tf.Tensor[] = []
    const grow = setInterval(() => others.push(tf.zeros([2 ** 20])), 1)
    const ticks = await ticksDuring(async () => {
      const x = await makeTensor(values, [4, LARGE])
      clearInterval(grow)
      expect(tf.tidy(() => x.sum(1).min().dataSync()[0])).toBeGreaterThan(0.99 * LARGE)
      x.dispose()
    })
    expect(ticks).toBeGreaterThanOrEqual(2)
    expect(others.length).toBeGreaterThan(0)
    tf.dispose(others)
  })

  test('leaves no tensor when it is aborted', async () => {
    const controller = new AbortController()
    const making = makeTensor(new Float32Array(4 * LARGE), [4 * LARGE], { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(making).rejects.toThrow('enough')
  })
})

test('values that are not finite are counted in slices', async () => {
  const values = new Float32Array(4 * LARGE)
  values.set([Number.NaN, Number.POSITIVE_INFINITY], LARGE)
  expect(await ticksDuring(() => countNonFiniteAsync(values))).toBeGreaterThanOrEqual(2)
  expect(await countNonFiniteAsync(values)).toBe(2)
  expect(countNonFinite(values)).toBe(2)
  expect(await countNonFiniteAsync(new Float32Array())).toBe(0)
})
