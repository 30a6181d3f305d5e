/** What an autoencoder makes of images. Counterpart: retrieve_latents of diffusers' pipelines. */
import type * as tf from '../../tensors/tf'

/** The latents of a batch of images, or a distribution of them. Its tensors belong to it; {@link mode} and {@link sample} return new ones. */
export interface LatentDistribution {
  /** Shape of the latents: `[batch, height, width, latentChannels]`. */
  readonly shape: readonly [batch: number, height: number, width: number, channels: number]
  /** Whether the latents are drawn: {@link sample} ignores its noise otherwise, and none needs to be drawn for it. */
  readonly isRandom: boolean
  /** Returns the most probable latents. */
  mode(): tf.Tensor4D
  /** Returns latents drawn with standard normal noise of the latents' shape. */
  sample(noise: tf.Tensor4D): tf.Tensor4D
  /** Disposes the tensors. */
  dispose(): void
}

/** Latents that nothing is drawn for. Counterpart: models/autoencoders/autoencoder_tiny.py (AutoencoderTinyOutput). */
export class FixedLatents implements LatentDistribution {
  readonly isRandom = false

  /** @param latents - `[batch, height, width, latentChannels]`, which the distribution takes over */
  constructor(readonly latents: tf.Tensor4D) {}

  get shape(): tf.Tensor4D['shape'] {
    return this.latents.shape
  }

  mode(): tf.Tensor4D {
    return this.latents.clone()
  }

  sample(): tf.Tensor4D {
    return this.latents.clone()
  }

  dispose(): void {
    this.latents.dispose()
  }
}
