/** Encodes the pictures that a run begins with, if it begins with any. Counterpart: StableDiffusionXLAutoVaeEncoderStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { StableDiffusionEncodeImage } from './encode-image'
import { StableDiffusionEncodeInpaintImage } from './encode-inpaint-image'
import { stableDiffusion } from './stable-diffusion'

/** Encodes the picture and the mask, or the picture alone; skipped if none exists. */
@Block({ ...stableDiffusion, description: 'Encodes the picture and the mask, or the picture alone, if there are any.' })
export class StableDiffusionAutoVaeEncoder extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoVaeEncoder'

  @Branch({ when: 'maskImage' }) inpaint = slot(StableDiffusionEncodeInpaintImage)
  @Branch({ when: 'image' }) img2img = slot(StableDiffusionEncodeImage)
}
