/** Encodes a picture and the mask of what is redrawn. Counterpart: StableDiffusionXLInpaintVaeEncoderStep of diffusers. */
import { Block, type In, Input } from '../../src'
import { EncodeInpaintImage } from '../steps/encode-inpaint-image'
import { strengthSchema } from '../steps/set-img2img-timesteps'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** Takes for granted what the family's steps after it do where no strength is given: 0.3, as in the reference's modular pipeline. (Its classic pipeline says 0.9999.) */
@Block({
  ...stableDiffusionXL,
  description: 'Encodes the picture, the mask of what is redrawn, and the rest of the picture.',
})
export class StableDiffusionXLEncodeInpaintImage extends EncodeInpaintImage {
  static override readonly className: string = 'StableDiffusionXLEncodeInpaintImage'

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.default(0.3))
  override strength!: In<number>
}
