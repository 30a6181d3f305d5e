import * as tf from '@tensorflow/tfjs'
import { registerWasmBatchMatMul } from '../../../../components/backends/kernels/wasm-batch-mat-mul'
import { useBackend } from '../../models/use-backend'

/** Numbers 0 to 6 in an order without a period that divides the sizes below; their products are exact. */
function numbers(shape: number[]): tf.Tensor {
  return tf.range(0, tf.util.sizeFromShape(shape)).mul(3).add(1).mod(7).reshape(shape)
}

function product(a: tf.Tensor, b: tf.Tensor): number[] {
  const [rows, inner, columns] = [...a.shape.slice(-2), b.shape.at(-1)] as [number, number, number]
  const [x, y] = [a.dataSync(), b.dataSync()]
  const batch = x.length / rows / inner
  const result: number[] = []
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0
        for (let k = 0; k < inner; k++) {
          sum += (x[(n * rows + i) * inner + k] as number) * (y[(n * inner + k) * columns + j] as number)
        }
        result.push(sum)
      }
  return result
}

describe('products of many matrices on wasm', () => {
  useBackend('wasm')

  test.each([
    [
      [3, 2, 5],
      [3, 5, 4],
    ],
    [
      [2, 3, 7, 9],
      [2, 3, 9, 11],
    ],
    [
      [1, 8, 16, 4],
      [1, 8, 4, 16],
    ],
    [
      [5, 1, 1],
      [5, 1, 1],
    ],
  ])('are right for %j and %j', (left, right) => {
    tf.tidy(() => {
      const [a, b] = [numbers(left), numbers(right)]
      const result = tf.matMul(a, b)
      expect(result.shape).toEqual([...left.slice(0, -1), right.at(-1)])
      expect([...result.dataSync()]).toEqual(product(a, b))
    })
  })

  test('are right where one is transposed, or stands for the whole batch', () => {
    tf.tidy(() => {
      const [a, b] = [numbers([3, 2, 5]), numbers([3, 5, 4])]
      expect([...tf.matMul(a, b.transpose([0, 2, 1]), false, true).dataSync()]).toEqual(product(a, b))
      expect([...tf.matMul(a.transpose([0, 2, 1]), b, true).dataSync()]).toEqual(product(a, b))
      const one = numbers([1, 5, 4])
      expect([...tf.matMul(a, one).dataSync()]).toEqual(product(a, one.tile([3, 1, 1])))
    })
  })

  test('leave operands and backend as they were', () => {
    tf.tidy(() => {
      const [a, b] = [numbers([3, 2, 5]), numbers([3, 5, 4])]
      const before = [...a.dataSync(), ...b.dataSync()]
      const buffers = tf.memory().numDataBuffers
      for (let i = 0; i < 3; i++) tf.matMul(a, b).dispose()
      expect([...a.dataSync(), ...b.dataSync()]).toEqual(before)
      expect(tf.memory().numDataBuffers).toBe(buffers)
    })
  })

  test('are registered once', () => {
    const kernel = tf.getKernel(tf.BatchMatMul, 'wasm')
    registerWasmBatchMatMul()
    expect(tf.getKernel(tf.BatchMatMul, 'wasm')).toBe(kernel)
  })
})
