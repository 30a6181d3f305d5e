import * as tf from '@tensorflow/tfjs'
import { type SinusoidalEmbeddingOptions, sinusoidalEmbedding } from '../../../components/nn/sinusoidal-embedding'
import '../../../testing/jest'
import { useBackend } from '../models/use-backend'

const embed = (timestep: number, options: Partial<SinusoidalEmbeddingOptions>) =>
  tf.tidy(() => {
    const all = { embeddingDim: 4, flipSinToCos: true, downscaleFreqShift: 0, ...options }
    return sinusoidalEmbedding(tf.tensor1d([timestep]), all).arraySync()[0] as number[]
  })

describe('sinusoidalEmbedding', () => {
  useBackend('wasm')

  test('has cosines first where sines and cosines are flipped', () => {
    expect(embed(2, {})).toBeCloseToTensor([Math.cos(2), Math.cos(0.02), Math.sin(2), Math.sin(0.02)])
    expect(embed(2, { flipSinToCos: false })).toBeCloseToTensor([
      Math.sin(2),
      Math.sin(0.02),
      Math.cos(2),
      Math.cos(0.02),
    ])
  })

  test('reaches the lowest frequency with a shift of 1', () => {
    expect(embed(2, { downscaleFreqShift: 1 })).toBeCloseToTensor([
      Math.cos(2),
      Math.cos(2e-4),
      Math.sin(2),
      Math.sin(2e-4),
    ])
  })

  test('takes fractions, and pads an odd dimension with a zero', () => {
    expect(embed(0.5, { embeddingDim: 3 })).toBeCloseToTensor([Math.cos(0.5), Math.sin(0.5), 0])
  })
})
