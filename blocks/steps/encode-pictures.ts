/** Draws the latents of pictures. Counterpart: retrieve_latents and _encode_vae_image of diffusers' pipelines. */
import { type Autoencoder, type Generator, type LatentScaleOptions, randnTensorAsync, tf } from '../../components'
import { latentScale } from './latent-scale'

/** How pictures are encoded. */
export interface EncodePicturesOptions {
  /** Source of the noise that latents are drawn with. Of a list, each generator draws one of the results. */
  readonly generator: Generator | readonly Generator[]
  /** Which settings of the VAE's config scale the latents. */
  readonly scale: Required<LatentScaleOptions>
  readonly signal?: AbortSignal | undefined
}

/** Latents of pictures. */
export interface EncodedPictures {
  readonly latents: tf.Tensor4D
  /** Whether the VAE draws latents, or always gives the same. */
  readonly isRandom: boolean
}

/**
 * Encodes pictures and draws their latents as a denoiser takes them: `[count, height / f, width / f, latentChannels]`. The count is that of the pictures; with a
 * list of generators it is that of the generators, and the pictures are repeated in turn: a, b, a, b.
 *
 * @param pixels - `[pictures, height, width, 3]`, from -1 to 1; of a list of generators, the number must be a multiple of that of the pictures
 */
export async function encodePictures(
  vae: Autoencoder,
  pixels: tf.Tensor4D,
  { generator, scale, signal }: EncodePicturesOptions,
): Promise<EncodedPictures> {
  const distribution = await vae.encode(pixels, { signal })
  const [pictures, ...size] = distribution.shape
  const count = Array.isArray(generator) ? generator.length : pictures
  const noise = distribution.isRandom
    ? await randnTensorAsync([count, ...size], generator, { signal })
    : tf.zeros<tf.Rank.R4>([count, ...size])
  const latents = tf.tidy(() => {
    const parts = Array.from({ length: count / pictures }, (_, i) =>
      distribution.sample(noise.slice(i * pictures, pictures)),
    )
    const drawn = parts.length === 1 ? (parts[0] as tf.Tensor4D) : tf.concat(parts, 0)
    return vae.scaleLatents(drawn, latentScale(vae, scale))
  })
  return { latents, isRandom: distribution.isRandom }
}
