/** Encodes the pictures that a run begins with. Counterpart: prepare_latents of StableDiffusionImg2ImgPipeline in diffusers. */
import { Block } from '../../src'
import { EncodeImage } from '../steps/encode-image'
import { stableDiffusion } from './stable-diffusion'

/** Scales latents by `scalingFactor` alone: as in the reference, statistics of the VAE's config are not applied. */
@Block({ ...stableDiffusion, description: 'Encodes the pictures that the run begins with.' })
export class StableDiffusionEncodeImage extends EncodeImage {
  static override readonly className: string = 'StableDiffusionEncodeImage'

  protected override get appliesStatistics(): boolean {
    return false
  }
}
