/** Encodes a picture and the mask of what is drawn anew. Counterpart: StableDiffusionInpaintPipeline of diffusers. */
import { Block, type In, Input } from '../../src'
import { EncodeInpaintImage } from '../steps/encode-inpaint-image'
import { strengthSchema } from '../steps/set-img2img-timesteps'
import { stableDiffusion } from './stable-diffusion'

/** Scales latents by `scalingFactor` alone: as in the reference, statistics of the VAE's config are not applied. */
@Block({
  ...stableDiffusion,
  description: 'Encodes the picture, the mask of what is drawn anew, and the rest of the picture.',
})
export class StableDiffusionEncodeInpaintImage extends EncodeInpaintImage {
  static override readonly className: string = 'StableDiffusionEncodeInpaintImage'

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.default(1))
  override strength!: In<number>

  protected override get appliesStatistics(): boolean {
    return false
  }
}
