/** What the VAE's encoder predicts. Counterpart: models/autoencoders/vae.py (DiagonalGaussianDistribution). */
import * as tf from '../../tensors/tf'
import type { LatentDistribution } from '../autoencoder/latent-distribution'

/** A normal distribution for each element of the latents. Its tensors belong to it; {@link mode} and {@link sample} give new ones. */
export class DiagonalGaussianDistribution implements LatentDistribution {
  readonly isRandom = true
  /** Means and logarithms of variances as predicted: `[batch, height, width, 2 latentChannels]`. */
  readonly moments: tf.Tensor4D
  /** `[batch, height, width, latentChannels]` */
  readonly mean: tf.Tensor4D
  /** Logarithm of the variance, kept between -30 and 20. */
  readonly logvar: tf.Tensor4D
  /** Standard deviation. */
  readonly std: tf.Tensor4D

  /** Takes over the moments. */
  constructor(moments: tf.Tensor4D) {
    this.moments = moments
    const [mean, logvar, std] = tf.tidy(() => {
      const [first, second] = tf.split(moments, 2, 3) as [tf.Tensor4D, tf.Tensor4D] // Two parts were asked for.
      const clipped = tf.clipByValue(second, -30, 20)
      const deviation = clipped.mul<tf.Tensor4D>(0.5).exp<tf.Tensor4D>()
      return [first, clipped, deviation] as const
    })
    this.mean = mean
    this.logvar = logvar
    this.std = std
  }

  get shape(): tf.Tensor4D['shape'] {
    return this.mean.shape
  }

  /** The most probable latents, a copy of the mean. */
  mode(): tf.Tensor4D {
    return this.mean.clone()
  }

  /** Latents drawn with standard normal noise of the mean's shape. */
  sample(noise: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.mean.add(this.std.mul(noise)))
  }

  /** Disposes the distribution's tensors. */
  dispose(): void {
    tf.dispose([this.moments, this.mean, this.logvar, this.std])
  }
}
