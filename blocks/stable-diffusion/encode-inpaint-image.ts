/** Encodes a picture and the mask of what is redrawn. Counterpart: StableDiffusionInpaintPipeline of diffusers. */
import { Block } from '../../src'
import { EncodeInpaintImage } from '../steps/encode-inpaint-image'
import { stableDiffusion } from './stable-diffusion'

/** Scales latents by `scalingFactor` alone: as in the reference, statistics of the VAE's config are not applied. */
@Block({
  ...stableDiffusion,
  description: 'Encodes the picture, the mask of what is redrawn, and the rest of the picture.',
})
export class StableDiffusionEncodeInpaintImage extends EncodeInpaintImage {
  static override readonly className: string = 'StableDiffusionEncodeInpaintImage'

  protected override get defaultStrength(): number {
    return 1
  }

  protected override get appliesStatistics(): boolean {
    return false
  }
}
