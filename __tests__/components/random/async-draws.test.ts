import * as tf from '@tensorflow/tfjs-core'
import { BrownianNoise, Generator, InvalidDrawError, randnTensor, randnTensorAsync } from 'tesserae'
import { cpuLoader } from '../../../components/backends/cpu-loader'
import { ticksDuring } from '../../src/runtime/ticks-during'

/** Compares bytes: comparing numbers one by one takes seconds. */
function expectSame(actual: ArrayBufferView | undefined, expected: ArrayBufferView | undefined): void {
  const [a, b] = [actual, expected].map(array =>
    Buffer.from(array?.buffer as ArrayBuffer, array?.byteOffset, array?.byteLength),
  )
  expect(a?.equals(b as Buffer)).toBe(true)
}

/** Large enough for slices, and with a rest beyond the blocks. */
const LARGE = 2 ** 18 + 5

beforeAll(async () => {
  await cpuLoader.load({ threads: 1 })
  await tf.setBackend('cpu')
})

test.each(['float32', 'float64', 'float16', 'bfloat16'] as const)(
  'draws the same %s numbers in slices as at once, and continues alike',
  async dtype => {
    const [slow, fast] = [new Generator(7), new Generator(7)]
    // Not from the beginning of the engine's words.
    slow.rand([100])
    fast.rand([100])
    expectSame(await slow.randnAsync([LARGE], { dtype }), fast.randn([LARGE], dtype))
    expect(slow.getState()).toEqual(fast.getState())
    expect(await slow.randnAsync([17])).toEqual(fast.randn([17]))
  },
)

test('draws small numbers as at once', async () => {
  const [slow, fast] = [new Generator(3), new Generator(3)]
  for (const size of [1, 3, 15, 16]) expect(await slow.randnAsync([size])).toEqual(fast.randn([size]))
})

test('lets timers fire while it draws many numbers', async () => {
  expect(await ticksDuring(() => new Generator(1).randnAsync([2 ** 24]))).toBeGreaterThanOrEqual(3)
})

test('draws that are asked for at once come one after the other', async () => {
  const [slow, fast] = [new Generator(5), new Generator(5)]
  const drawn = await Promise.all([slow.randnAsync([LARGE]), slow.randnAsync([4]), slow.randnAsync([LARGE])])
  for (const [i, size] of [LARGE, 4, LARGE].entries()) expectSame(drawn[i], fast.randn([size]))
})

test('a draw that comes in between gets the next numbers', async () => {
  const [slow, fast] = [new Generator(5), new Generator(5)]
  const large = slow.randnAsync([LARGE])
  await Promise.resolve()
  expect(slow.randn([40])).toEqual(fast.randn([40]))
  expectSame(await large, fast.randn([LARGE]))
})

/** Uniform and whole numbers, drawn in slices and at once. */
const draws: readonly (readonly [
  string,
  (from: Generator, size: number, options?: { signal: AbortSignal }) => Promise<ArrayBufferView>,
  (from: Generator, size: number) => ArrayBufferView,
])[] = [
  ['uniform', (from, size, options) => from.randAsync([size], options), (from, size) => from.rand([size])],
  [
    'rounded',
    (from, size, options) => from.randAsync([size], { ...options, dtype: 'bfloat16' }),
    (from, size) => from.rand([size], 'bfloat16'),
  ],
  [
    'whole',
    (from, size, options) => from.randintAsync(-3, 1000, [size], options),
    (from, size) => from.randint(-3, 1000, [size]),
  ],
  [
    'large',
    (from, size, options) => from.randintAsync(0n, 2n ** 60n, [size], options),
    (from, size) => from.randint(0n, 2n ** 60n, [size]),
  ],
]

describe.each(draws)('%s numbers', (_, slowly, atOnce) => {
  test('are the same in slices as at once, and in turn', async () => {
    const [slow, fast] = [new Generator(7), new Generator(7)]
    const drawn = await Promise.all([slowly(slow, LARGE), slow.randnAsync([4]), slowly(slow, 3)])
    for (const [i, expected] of [atOnce(fast, LARGE), fast.randn([4]), atOnce(fast, 3)].entries())
      expectSame(drawn[i], expected)
    expect(slow.getState()).toEqual(fast.getState())
  })

  test('let timers fire, and leave the generator where it was when they are aborted', async () => {
    const generator = new Generator(9)
    const state = generator.getState()
    const controller = new AbortController()
    setImmediate(() => controller.abort(new Error('enough')))
    const drawing = slowly(generator, 2 ** 24, { signal: controller.signal })
    expect(await ticksDuring(() => expect(drawing).rejects.toThrow('enough'))).toBeGreaterThanOrEqual(1)
    expect(generator.getState()).toEqual(state)
  })
})

test('bounds of whole numbers are checked in slices, too', async () => {
  await expect(new Generator(1).randintAsync(3, 3, [2])).rejects.toThrow(InvalidDrawError)
})

test('an aborted draw leaves the generator where it was', async () => {
  const generator = new Generator(9)
  const state = generator.getState()
  const controller = new AbortController()
  const drawing = generator.randnAsync([2 ** 25], { signal: controller.signal })
  setImmediate(() => controller.abort(new Error('enough')))
  await expect(drawing).rejects.toThrow('enough')
  expect(generator.getState()).toEqual(state)
  expect(await generator.randnAsync([4])).toEqual(new Generator(9).randn([4]))
})

test('numbers that were drawn early change no other draw', async () => {
  const [early, plain] = [new Generator(2), new Generator(2)]
  await early.prefetchRandn([LARGE])
  expect(early.getState()).toEqual(plain.getState())
  expect(early.clone().randn([8])).toEqual(plain.clone().randn([8]))
  expect(early.rand([8])).toEqual(plain.rand([8]))
  expectSame(early.randn([LARGE]), plain.randn([LARGE]))

  await early.prefetchRandn([LARGE])
  expectSame(early.randn([LARGE]), plain.randn([LARGE]))
  expect(early.randn([3])).toEqual(plain.randn([3]))
  await early.prefetchRandn([LARGE])
  expectSame(early.manualSeed(4).randn([LARGE]), plain.manualSeed(4).randn([LARGE]))
})

test.each([3, 4])('gives the same latents of %i channels', async channels => {
  const shape = [2, 250, 300, channels] as const
  const [slow, fast] = [await randnTensorAsync(shape, new Generator(1)), randnTensor(shape, new Generator(1))]
  expect(slow.shape).toEqual(fast.shape)
  expectSame(slow.dataSync(), fast.dataSync())
  const generators = () => [new Generator(1), new Generator(2)]
  const [slowList, fastList] = [await randnTensorAsync(shape, generators()), randnTensor(shape, generators())]
  expectSame(slowList.dataSync(), fastList.dataSync())
  tf.dispose([slow, fast, slowList, fastList])
})

test('refuses what the synchronous draws refuse', async () => {
  const { numTensors } = tf.memory()
  await expect(new Generator(1).randnAsync([-1])).rejects.toThrow('whole numbers')
  await expect(randnTensorAsync([2, 4], [new Generator(1)])).rejects.toThrow('a list of 2')
  await expect(randnTensorAsync([2, -4], [new Generator(1), new Generator(2)])).rejects.toThrow('whole numbers')
  const signal = AbortSignal.abort(new Error('no more'))
  await expect(randnTensorAsync([1, 4], new Generator(1), { signal })).rejects.toThrow('no more')
  expect(tf.memory().numTensors).toBe(numTensors)
})

test('an aborted batch of noise leaves no tensor', async () => {
  const { numTensors } = tf.memory()
  const controller = new AbortController()
  setImmediate(() => controller.abort(new Error('enough')))
  const drawing = randnTensorAsync([1, 4096, 4096, 4], new Generator(1), { signal: controller.signal })
  await expect(drawing).rejects.toThrow('enough')
  expect(tf.memory().numTensors).toBe(numTensors)
})

test('Brownian noise is the same if it is computed early', async () => {
  const options = { shape: [1, 40, 40, 4], sigmaMin: 0.1, sigmaMax: 10, seed: 3 }
  const [early, plain] = [new BrownianNoise(options), new BrownianNoise(options)]
  await early.prefetch(9, 5)
  const steps = [
    [9, 5],
    [5, 2],
  ] as const
  for (const [from, to] of steps) {
    const [a, b] = [early.between(from, to), plain.between(from, to)]
    expectSame(a.dataSync(), b.dataSync())
    tf.dispose([a, b])
  }
})

test('Brownian noise of many values lets timers fire', async () => {
  const noise = new BrownianNoise({ shape: [1, 256, 256, 4], sigmaMin: 0.1, sigmaMax: 10, seed: 3 })
  expect(await ticksDuring(() => noise.prefetch(9, 5))).toBeGreaterThanOrEqual(3)
  const controller = new AbortController()
  setImmediate(() => controller.abort(new Error('enough')))
  await expect(noise.prefetch(5, 2, controller.signal)).rejects.toThrow('enough')
})
