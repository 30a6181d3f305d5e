/** Turns latents into pixels. Counterpart: decode_latents of StableDiffusionPipeline in diffusers. */
import { Block } from '../../src'
import { DecodeLatents } from '../steps/decode-latents'
import { stableDiffusion } from './stable-diffusion'

/** Decodes latents that are scaled by `scalingFactor` alone: as in the reference, statistics of the VAE's config are not applied. */
@Block({ ...stableDiffusion, description: 'Scales the latents back and decodes them to pixels.' })
export class StableDiffusionDecodeLatents extends DecodeLatents {
  static override readonly className: string = 'StableDiffusionDecodeLatents'

  protected override get appliesStatistics(): boolean {
    return false
  }
}
