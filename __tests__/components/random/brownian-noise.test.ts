import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { BrownianNoise, type BrownianNoiseOptions } from '../../../components/random/brownian-noise'
import { BrownianTree } from '../../../components/random/brownian-tree'
import { InvalidDrawError } from '../../../components/random/invalid-draw-error'
import '../../../testing/jest'
import { useBackend } from '../models/use-backend'

useBackend('cpu')

/** The noise between two levels in the order `[batch, channel, height, width]`. */
function drawn(options: BrownianNoiseOptions, sigma: number, sigmaNext: number): number[] {
  return tf.tidy(() => {
    const noise = new BrownianNoise(options).between(sigma, sigmaNext)
    expect(noise.shape).toEqual(options.shape)
    return [...(noise.rank === 4 ? tf.transpose(noise, [0, 3, 1, 2]) : noise).dataSync()]
  })
}

// Of diffusers' BrownianTreeNoiseSampler, with torchsde 0.2.6.
describe('is the noise of the reference', () => {
  test.each([
    [2, 1, [-0.1452714, 1.371223, 2.115861]],
    [1, 0.5, [-0.310441, -0.6776679, -1.503657]],
    [2, 0.7, [-0.6337541, 1.072428, 0.8628379]],
    [0.5, 2, [0.2978468, -0.7283471, -0.8594564]],
  ])('from %p to %p', (sigma, sigmaNext, expected) => {
    expect(drawn({ shape: [3], sigmaMin: 0.5, sigmaMax: 2, seed: 1 }, sigma, sigmaNext)).toBeCloseToTensor(expected, {
      atol: 5e-6,
      rtol: 0,
    })
  })

  test.each([
    [14.614647, 7.3, [-0.5316914, 1.560433, -1.933498, 0.01955969, -0.6743653, -0.1366435, 1.203404, -0.3148444]],
    [3.1, 0.0291675, [2.244699, 0.9249157, 0.9697688, -0.1987893, 0.9230958, -0.04203998, -1.613978, 1.197242]],
    [3.1, 3.0999, [1.453777, 1.36316, 0.09207039, -0.1039777, -2.127327, 1.789698, -0.2699853, 0.3301866]],
  ])('for an image, drawn channel by channel, from %p to %p', (sigma, sigmaNext, expected) => {
    const options = { shape: [1, 2, 3, 2], sigmaMin: 0.0291675, sigmaMax: 14.614647, seed: 42 }
    expect(drawn(options, sigma, sigmaNext).slice(0, 8)).toBeCloseToTensor(expected, { atol: 5e-6, rtol: 0 })
  })

  test.each([
    [20, 10.1, [0.3671254, 3.264485, -1.784402, 0.2724642]],
    // Both ends lie right between two millionths.
    [2.0078125, 0.0234375, [-1.225152, -0.1224265, -0.1436325, 0.1233557]],
    [10.1, 0.0078125, [-1.060501, -0.4695642, -0.2570874, -0.5878831]],
  ])('for one seed each, from %p to %p', (sigma, sigmaNext, expected) => {
    const options = { shape: [2, 3, 3, 2], sigmaMin: 0.02, sigmaMax: 20, seed: [3, 2n ** 40n + 9n] }
    expect(drawn(options, sigma, sigmaNext).slice(0, 4)).toBeCloseToTensor(expected, { atol: 5e-6, rtol: 0 })
  })
})

test('is that of each sample by itself where each has its seed', () => {
  const limits = { sigmaMin: 0.1, sigmaMax: 5 }
  const both = drawn({ ...limits, shape: [2, 2, 3, 4], seed: [8, 9] }, 4, 1)
  const each = [8, 9].flatMap(seed => drawn({ ...limits, shape: [1, 2, 3, 4], seed }, 4, 1))
  expect(both).toEqual(each)
})

test('of two steps adds up to that of one over the whole way', () => {
  const tree = new BrownianTree({ start: 0, end: 9, size: 20, seed: 3 })
  const times = fc.uniqueArray(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(times, unsorted => {
      const [a, b, c] = unsorted.sort((x, y) => x - y) as [number, number, number]
      const [first, second] = [tree.increment(a, b), tree.increment(b, c)]
      const sum = first.map((value, i) => value + (second[i] as number))
      expect(tree.increment(a, c)).toBeCloseToTensor(sum, { atol: 5e-6, rtol: 0 })
    }),
    { numRuns: 20 },
  )
})

test('does not depend on what was asked before', () => {
  const make = () => new BrownianTree({ start: 0, end: 9, size: 3, seed: 3 })
  const used = make()
  const time = fc.double({ min: 0, max: 9, noNaN: true })
  fc.assert(
    fc.property(time, time, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      expect(used.increment(from, to)).toEqual(make().increment(from, to))
    }),
    { numRuns: 30 },
  )
})

test('has a variance of 1 on ways of any length, and is as large downwards as upwards', () => {
  const options = { shape: [4000], sigmaMin: 0, sigmaMax: 9, seed: 5 }
  for (const sigma of [8.9, 2, 1.001]) {
    const values = drawn(options, sigma, 1)
    expect(values.reduce((sum, value) => sum + value * value, 0) / values.length).toBeCloseTo(1, 1)
    expect(drawn(options, 1, sigma)).toEqual(values.map(value => -value))
  }
})

test('is none where there is no way, and where it is outside of the ends', () => {
  const options = { shape: [2], sigmaMin: 1, sigmaMax: 2, seed: 5 }
  for (const [sigma, sigmaNext] of [
    [1.5, 1.5],
    [4, 3],
    [0.9, 0.1],
  ] as const) {
    expect(drawn(options, sigma, sigmaNext).map(Math.abs)).toEqual([0, 0])
  }
})

test('needs one seed for all, or one for each batch element', () => {
  const make = (seed: number[]) => () => new BrownianNoise({ shape: [3, 2], sigmaMin: 1, sigmaMax: 2, seed })
  expect(make([1, 2])).toThrow(InvalidDrawError)
  expect(make([])).toThrow('Noise of the shape [3,2] needs one seed for all, or one for each batch element')
})
