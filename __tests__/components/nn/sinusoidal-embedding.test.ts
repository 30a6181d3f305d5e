import * as tf from '@tensorflow/tfjs'
import { type SinusoidalEmbeddingOptions, sinusoidalEmbedding } from '../../../components/nn/sinusoidal-embedding'
import { useBackend } from '../models/use-backend'

const embed = (timestep: number, options: Partial<SinusoidalEmbeddingOptions>) =>
  tf.tidy(() => {
    const all = { embeddingDim: 4, flipSinToCos: true, downscaleFreqShift: 0, ...options }
    return sinusoidalEmbedding(tf.tensor1d([timestep]), all).arraySync()[0] as number[]
  })

describe('sinusoidalEmbedding', () => {
  useBackend('wasm')

  const expectClose = (values: number[], expected: number[]) => {
    expect(values).toHaveLength(expected.length)
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 5)
    })
  }

  test('has cosines first where sines and cosines are flipped', () => {
    expectClose(embed(2, {}), [Math.cos(2), Math.cos(0.02), Math.sin(2), Math.sin(0.02)])
    expectClose(embed(2, { flipSinToCos: false }), [Math.sin(2), Math.sin(0.02), Math.cos(2), Math.cos(0.02)])
  })

  test('reaches the lowest frequency with a shift of 1', () => {
    expectClose(embed(2, { downscaleFreqShift: 1 }), [Math.cos(2), Math.cos(2e-4), Math.sin(2), Math.sin(2e-4)])
  })

  test('takes fractions, and pads an odd dimension with a zero', () => {
    expectClose(embed(0.5, { embeddingDim: 3 }), [Math.cos(0.5), Math.sin(0.5), 0])
  })
})
