/** How large latents are for a picture. */
import type { Autoencoder, UNet2DConditionModel } from '../../components'

/** Where the size of latents comes from. */
export interface LatentSizeSource {
  unet: UNet2DConditionModel
  vae: Autoencoder
  height: number | undefined
  width: number | undefined
}

/** Rows or columns of the latents: those of the picture, or what the UNet was trained on. No whole number for a picture that does not fit the VAE. */
export function latentSize(source: LatentSizeSource, side: 'height' | 'width'): number {
  const pixels = source[side]
  return pixels === undefined ? source.unet.sampleSize[side] : pixels / source.vae.spatialFactor
}
