/** Encodes the pictures that a run begins with, if it begins with any. Counterpart: StableDiffusionXLAutoVaeEncoderStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { EncodeImage } from '../steps/encode-image'
import { StableDiffusionXLEncodeInpaintImage } from './encode-inpaint-image'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** Encodes the picture and the mask, or the picture alone; skipped if none exists. */
@Block({
  ...stableDiffusionXL,
  description: 'Encodes the picture and the mask, or the picture alone, if there are any.',
})
export class StableDiffusionXLAutoVaeEncoder extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoVaeEncoder'

  @Branch({ when: 'maskImage' }) inpaint = slot(StableDiffusionXLEncodeInpaintImage)
  @Branch({ when: 'image' }) img2img = slot(EncodeImage)
}
