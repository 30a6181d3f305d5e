/** Sines and cosines of a number at many frequencies. Counterpart: get_timestep_embedding in models/embeddings.py. */
import * as tf from '../tensors/tf'

/** Which sinusoids. */
export interface SinusoidalEmbeddingOptions {
  /** Number of channels. */
  embeddingDim: number
  /** Cosines first, then sines; otherwise the other way round. */
  flipSinToCos: boolean
  /** Taken from the number of frequencies where these are spread from 1 to 1/10000. */
  downscaleFreqShift: number
}

/** Numbers `[n]` → `[n, embeddingDim]`. An odd dimension gets a zero at the end. */
export function sinusoidalEmbedding(timesteps: tf.Tensor1D, options: SinusoidalEmbeddingOptions): tf.Tensor2D {
  const { embeddingDim, flipSinToCos, downscaleFreqShift } = options
  return tf.tidy(() => {
    const half = Math.floor(embeddingDim / 2)
    const frequencies = Float32Array.from({ length: half }, (_, k) => {
      // Rounded where the reference rounds: a timestep of 1000 makes 60 µrad of one last digit.
      const exponent = Math.fround(Math.fround(-Math.log(10000)) * k)
      return Math.exp(Math.fround(exponent / (half - downscaleFreqShift)))
    })
    const angles = timesteps
      .toFloat()
      .reshape([-1, 1])
      .mul<tf.Tensor2D>(tf.tensor2d(frequencies, [1, half]))
    const waves = flipSinToCos ? [angles.cos(), angles.sin()] : [angles.sin(), angles.cos()]
    const embedding = tf.concat(waves, 1)
    return embeddingDim % 2 === 0
      ? embedding
      : embedding.pad([
          [0, 0],
          [0, 1],
        ])
  })
}
