import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { selectBackend } from '../../../../components/backends/select-backend'
import { clip } from '../../../../components/schedulers/steps/clip'
import { linearCombination, type Term } from '../../../../components/schedulers/steps/linear-combination'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const { fround } = Math

/** A step of a program: a new tensor, or something that happens to one that exists. Numbers choose from those. */
type Action =
  | { do: 'combine'; terms: readonly [factor: number, chosen: number][] }
  | { do: 'clip'; chosen: number; limit: number }
  | { do: 'read' | 'dispose' | 'clone'; chosen: number }
  | { do: 'wait' }

const chosen = fc.nat()
const factor = fc.oneof(fc.constantFrom(1, -1, 0.5), fc.double({ min: 0.01, max: 3, noNaN: true }))
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('combine' as const),
      terms: fc.array(fc.tuple(factor, chosen), { minLength: 1, maxLength: 3 }),
    }),
  },
  fc.record({ do: fc.constant('clip' as const), chosen, limit: fc.double({ min: 0.5, max: 4, noNaN: true }) }),
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('read', 'dispose', 'dispose', 'clone'), chosen }) },
  fc.constant({ do: 'wait' as const }),
)
// One value to a few blocks, and what is left over after whole ones.
const size = fc.constantFrom(1, 3, 16, 100, 4095, 4096, 4097, 9000)

/** A tensor, and what it must hold. */
interface Known {
  readonly tensor: tf.Tensor1D
  readonly values: Float32Array
}

/** The sum, each product and each addition rounded to float32. */
function roundedSum(terms: readonly [factor: number, values: Float32Array][], size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) =>
    terms
      .map(([factor, values]) => fround(fround(factor) * (values[i] as number)))
      .reduce((sum, term) => fround(sum + term)),
  )
}

function checkValues({ values }: Known, read: ArrayBufferView): void {
  // Much faster than comparing elements.
  expect(Buffer.from(read.buffer, read.byteOffset, read.byteLength).equals(Buffer.from(values.buffer))).toBe(true)
}

function perform(action: Exclude<Action, { do: 'wait' }>, held: Known[], size: number): void {
  const pick = (chosen: number) => held[chosen % held.length] as Known
  switch (action.do) {
    case 'combine': {
      const terms = action.terms.map(([factor, chosen]) => [factor, pick(chosen)] as const)
      const tensor = linearCombination<tf.Tensor1D>(...terms.map(([factor, { tensor }]): Term => [factor, tensor]))
      held.push({
        tensor,
        values: roundedSum(
          terms.map(([factor, { values }]) => [factor, values]),
          size,
        ),
      })
      break
    }
    case 'clip': {
      const { tensor, values } = pick(action.chosen)
      const limit = fround(action.limit)
      held.push({ tensor: clip(tensor, limit), values: values.map(x => Math.min(Math.max(x, -limit), limit)) })
      break
    }
    case 'read':
      checkValues(pick(action.chosen), pick(action.chosen).tensor.dataSync())
      break
    case 'clone': {
      const { tensor, values } = pick(action.chosen)
      held.push({ tensor: tensor.clone(), values })
      break
    }
    case 'dispose':
      if (held.length > 1) held.splice(action.chosen % held.length, 1)[0]?.tensor.dispose()
  }
}

test('gives what separate operations give, to the last bit, whatever is read or disposed in between', async () => {
  await fc.assert(
    fc.asyncProperty(size, fc.array(action, { maxLength: 60 }), async (size, actions) => {
      const { numTensors, numBytes } = tf.memory()
      const held = [1, 2].map((seed): Known => {
        const values = Float32Array.from({ length: size }, (_, i) => Math.sin(seed * 7 + i * seed) * 4)
        return { tensor: tf.tensor1d(values.slice()), values }
      })
      for (const action of actions) {
        if (action.do === 'wait') await null
        else perform(action, held, size)
      }
      for (const known of held) {
        checkValues(known, await known.tensor.data())
        known.tensor.dispose()
      }
      expect(tf.memory()).toMatchObject({ numTensors, numBytes })
    }),
    { numRuns: 150 },
  )
})

/** `2 · x + 3 · y` of `[1, 2]` and `[10, 20]`, which are gone. */
function sum(): tf.Tensor1D {
  return tf.tidy(() => linearCombination<tf.Tensor1D>([2, tf.tensor1d([1, 2])], [3, tf.tensor1d([10, 20])]))
}

test('does nothing for what is never read, and counts tensors as ever', () => {
  const x = tf.tensor1d([1, 2])
  const { numTensors, numBytes } = tf.memory()
  const [unread, read] = [sum(), linearCombination<tf.Tensor1D>([3, x])]
  expect(tf.memory()).toMatchObject({ numTensors: numTensors + 2, numBytes: numBytes + 16 })
  unread.dispose()
  const set = jest.spyOn(Float32Array.prototype, 'set')
  expect(read.dataSync()).toEqual(Float32Array.of(3, 6))
  // Values in, and values out.
  expect(set).toHaveBeenCalledTimes(2)
  set.mockRestore()
  read.dispose()
  expect(tf.memory()).toMatchObject({ numTensors, numBytes })
  x.dispose()
})

test('keeps tensors of several sizes apart', () => {
  tf.tidy(() => {
    const [small, large] = [linearCombination([2, tf.ones([3])]), linearCombination([3, tf.ones([5000])])]
    expect(large.dataSync()).toEqual(new Float32Array(5000).fill(3))
    expect(small.dataSync()).toEqual(new Float32Array(3).fill(2))
  })
})

test('is an operand of every operation', () => {
  tf.tidy(() => {
    expect(sum().square().dataSync()).toEqual(Float32Array.of(1024, 4096))
    expect(sum().reshape([1, 2]).transpose().arraySync()).toEqual([[32], [64]])
    expect(tf.concat([sum(), sum()]).arraySync()).toEqual([32, 64, 32, 64])
    expect(tf.complex(sum(), sum()).arraySync()).toEqual([32, 32, 64, 64])
    expect(sum().bufferSync().get(1)).toBe(64)
    const kept = tf.keep(tf.tidy(() => sum().clone()))
    expect([kept.dataSync(), kept.dataSync()]).toEqual([Float32Array.of(32, 64), Float32Array.of(32, 64)])
    kept.dispose()
  })
})

test('takes values that no float32 array holds: whole numbers that were cast', () => {
  tf.tidy(() => {
    const cast = tf.tensor1d([3, -7], 'int32').cast('float32')
    expect(linearCombination([0.5, cast], [1, cast]).dataSync()).toEqual(Float32Array.of(4.5, -10.5))
  })
})

test('has its values before anything else can run, so that it does not matter what changes then', async () => {
  const own = Float32Array.of(1, 2)
  const x = tf.tensor1d(own)
  const tensor = linearCombination([2, x])
  await null
  own.fill(0)
  expect(tensor.dataSync()).toEqual(Float32Array.of(2, 4))
  tf.dispose([x, tensor])
})

test('computes now and then where nobody reads: chains do not grow without bound', () => {
  const set = jest.spyOn(Float32Array.prototype, 'set')
  const sum = tf.tidy(() => {
    let sum: tf.Tensor = tf.ones([4])
    for (let i = 0; i < 100; i++) sum = linearCombination([1, sum], [1, tf.ones([4])])
    return sum
  })
  expect(set).toHaveBeenCalled()
  set.mockRestore()
  expect(sum.dataSync()).toEqual(new Float32Array(4).fill(101))
  sum.dispose()
})

test('sums more tensors than the memory had room for', () => {
  const ones = Array.from({ length: 100 }, () => tf.ones([5]))
  const tensor = linearCombination(...ones.map((one, i): Term => [i + 1, one]))
  expect(tensor.dataSync()).toEqual(new Float32Array(5).fill(5050))
  tf.dispose([ones, tensor])
})

test('clips as the package does: infinities, and NaN', () => {
  tf.tidy(() => {
    const x = tf.tensor1d([Number.NaN, -Infinity, Infinity, -0, 0, 1.5, -1.5, 0.1])
    expect(clip(x, 1.2).dataSync()).toEqual(x.clipByValue(-1.2, 1.2).dataSync())
  })
})

describe('another backend', () => {
  afterAll(() => selectBackend({ backend: 'cpu' }))

  test('takes the values over', async () => {
    const tensor = sum()
    await selectBackend({ backend: 'wasm', threads: 1 })
    const doubled = tf.tidy(() => tensor.mul(2))
    expect(doubled.dataSync()).toEqual(Float32Array.of(64, 128))
    tf.dispose([tensor, doubled])
  })
})
