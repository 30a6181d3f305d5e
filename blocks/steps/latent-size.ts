/** How large latents are for a picture. */
import { type Autoencoder, type UNet2DConditionModel } from '../../components'
import { InputTypeError, type RunCost } from '../../src'

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

/** Height and width of the picture in pixels. No whole number of latents for a picture that does not fit the VAE. */
export function pictureSize(source: LatentSizeSource): { height: number; width: number } {
  const factor = source.vae.spatialFactor
  const pixels = (side: 'height' | 'width') => source[side] ?? latentSize(source, side) * factor
  return { height: pixels('height'), width: pixels('width') }
}

/** What is known of the sizes of a run: those of the picture and of the latents. */
export function sizesOf(source: LatentSizeSource): Pick<RunCost, 'size' | 'latents'> {
  const latents = { height: latentSize(source, 'height'), width: latentSize(source, 'width') }
  return { size: pictureSize(source), latents }
}

/** Rows or columns of the latents. @throws InputTypeError for a picture that does not fit the VAE */
export function fittingLatentSize(source: LatentSizeSource, side: 'height' | 'width', path: readonly string[]): number {
  const factor = source.vae.spatialFactor
  const pixels = source[side]
  if (pixels !== undefined && pixels % factor !== 0) {
    const nearest = Math.max(factor, Math.round(pixels / factor) * factor)
    const expected = `it must be a multiple of ${factor}, the factor of the VAE; the nearest is ${nearest}`
    throw new InputTypeError({ path, input: side, expected, value: pixels })
  }
  return latentSize(source, side)
}
