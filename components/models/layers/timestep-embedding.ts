/** Turns timesteps into the vectors that condition a UNet. Counterpart: models/embeddings.py (Timesteps, TimestepEmbedding). */
import { type ActivationName, activations } from '../../nn/activations'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { type SinusoidalEmbeddingOptions, sinusoidalEmbedding } from '../../nn/sinusoidal-embedding'
import * as tf from '../../tensors/tf'

/** The sinusoids of a number. */
export class Timesteps extends Module {
  constructor(private readonly options: SinusoidalEmbeddingOptions) {
    super()
  }

  /** Numbers `[n]` → `[n, embeddingDim]`. */
  forward(timesteps: tf.Tensor1D): tf.Tensor2D {
    return sinusoidalEmbedding(timesteps, this.options)
  }
}

/** What a timestep embedding is made from. */
export interface TimestepEmbeddingOptions {
  inChannels: number
  timeEmbedDim: number
  actFn?: ActivationName
  /** Width of a second vector that is added to the input, such as the guidance scale's embedding. */
  condProjDim?: number | undefined
}

/** Two linear layers with an activation in between. */
export class TimestepEmbedding extends Module {
  readonly linear_1: Linear
  readonly condProj: Linear | undefined
  readonly linear_2: Linear

  constructor(private readonly options: TimestepEmbeddingOptions) {
    super()
    const { inChannels, timeEmbedDim, condProjDim } = options
    this.linear_1 = new Linear(inChannels, timeEmbedDim)
    if (condProjDim !== undefined) this.condProj = new Linear(condProjDim, inChannels, { bias: false })
    this.linear_2 = new Linear(timeEmbedDim, timeEmbedDim)
  }

  /** `[batch, inChannels]` and possibly `[batch, condProjDim]` → `[batch, timeEmbedDim]`. */
  forward(sample: tf.Tensor2D, condition?: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      const input = this.condProj && condition ? sample.add<tf.Tensor2D>(this.condProj.forward(condition)) : sample
      return this.linear_2.forward(activations[this.options.actFn ?? 'silu'](this.linear_1.forward(input)))
    })
  }
}
