/** Small pictures of latents, while they are denoised. */
import type { Image } from '../images/image'
import { VaeImageProcessor } from '../images/vae-image-processor'
import type { Autoencoder } from '../models/autoencoder/autoencoder-base'
import { AutoencoderTiny } from '../models/autoencoder-tiny/autoencoder-tiny'
import * as tf from '../tensors/tf'
import { type LatentRgbFactors, latentRgbFactorsFor } from './latent-rgb-factors'

/** What decodes latents for a preview. */
export interface PreviewOptions {
  /** The VAE that the latents are of. */
  readonly vae: Autoencoder
  /** A small decoder of the same latents, which makes pictures of full size. */
  readonly decoder?: AutoencoderTiny | undefined
  /** Cancels the work. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes pictures of latents with the small decoder, if there is one. Otherwise it uses the colours of latents, if these
 * are known, with one pixel for each latent; otherwise the VAE itself.
 *
 * @param latents `[images, latentHeight, latentWidth, latentChannels]`, as a denoiser works on them. They stay as they are.
 */
export async function previewImages(latents: tf.Tensor4D, { vae, decoder, signal }: PreviewOptions): Promise<Image[]> {
  const tiny = vae instanceof AutoencoderTiny ? vae : decoder
  const factors = tiny === undefined ? latentRgbFactorsFor(vae.config) : undefined
  const pixels =
    factors === undefined ? await decode(tiny ?? vae, latents, signal) : tf.tidy(() => coloursOf(latents, factors))
  try {
    return await new VaeImageProcessor().postprocess(pixels, { outputType: 'image', signal })
  } finally {
    pixels.dispose()
  }
}

async function decode(vae: Autoencoder, latents: tf.Tensor4D, signal: AbortSignal | undefined): Promise<tf.Tensor4D> {
  const unscaled = vae.unscaleLatents(latents)
  try {
    return await vae.decode(unscaled, { signal })
  } finally {
    unscaled.dispose()
  }
}

/** Colours from -1 to 1. */
function coloursOf(latents: tf.Tensor4D, { factors, bias }: LatentRgbFactors): tf.Tensor4D {
  const [images, height, width, channels] = latents.shape
  const table = tf.tensor2d(factors.map(row => [...row]))
  return tf
    .matMul(latents.reshape([-1, channels]), table)
    .add(tf.tensor1d([...bias]))
    .reshape([images, height, width, 3])
}
