/** The WebAssembly backend with threads: its numbers, and that it leaves the process as it was. */
import os from 'node:os'
import * as tf from '@tensorflow/tfjs'
import { cpuLoader } from '../../../components/backends/cpu-loader'
import { OutOfMemoryError } from '../../../components/backends/out-of-memory-error'
import { wasmLoader } from '../../../components/backends/wasm-loader'

const events = ['uncaughtException', 'unhandledRejection'] as const

test('computes with threads, to the numbers of the cpu backend', async () => {
  const processors = os.cpus().length
  const listeners = events.map(event => process.listenerCount(event))

  const loaded = await wasmLoader.load({ threads: 3 })
  expect(loaded).toMatchObject({ tfjsName: 'wasm', device: 'CPU, 3 threads' })
  await tf.setBackend('wasm')

  expect(os.cpus()).toHaveLength(processors)
  expect(events.map(event => process.listenerCount(event))).toEqual(listeners)
  expect('Worker' in globalThis).toBe(false)

  await cpuLoader.load({})
  const compute = async (backend: string) => {
    await tf.setBackend(backend)
    const result = tf.tidy(() => {
      const input = tf.randomNormal<tf.Rank.R4>([1, 24, 24, 32], 0, 1, 'float32', 1)
      const weights = tf.randomNormal<tf.Rank.R4>([3, 3, 32, 48], 0, 1, 'float32', 2)
      return tf.softmax(tf.conv2d(input, weights, 1, 'same'))
    })
    const values = await result.data()
    result.dispose()
    return values
  }
  const [threaded, plain] = [await compute('wasm'), await compute('cpu')]
  expect(threaded).toHaveLength(plain.length)
  let difference = 0
  for (let i = 0; i < plain.length; i++)
    difference = Math.max(difference, Math.abs((threaded[i] ?? 0) - (plain[i] ?? 1)))
  expect(difference).toBeLessThan(1e-4)
  expect(tf.memory().numTensors).toBe(0)
})

test('is made once', async () => {
  const { backend } = tf.engine()
  expect(await wasmLoader.load({ threads: 1 })).toMatchObject({ device: 'CPU, 3 threads' })
  expect(tf.engine().backend).toBe(backend)
})

test('refuses a tensor that does not fit into its memory, and continues', async () => {
  await wasmLoader.load({})
  await tf.setBackend('wasm')
  for (const rows of [2 ** 15, 2 ** 16]) {
    expect(() => tf.fill([rows, 2 ** 15], 1)).toThrow(OutOfMemoryError)
  }
  expect(tf.memory().numTensors).toBe(0)
  expect(tf.tidy(() => tf.sum(tf.fill([3], 2)).dataSync())).toEqual(new Float32Array([6]))
})
