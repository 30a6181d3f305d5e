/** Makes the noisy latents that inpainting begins with. Counterpart: StableDiffusionInpaintPipeline.prepare_latents of diffusers. */
import { Block, type In, Input } from '../../src'
import { PrepareInpaintLatents } from '../steps/prepare-inpaint-latents'
import { strengthSchema } from '../steps/set-img2img-timesteps'
import { stableDiffusionPart } from './stable-diffusion'

/** Begins with noise alone unless told otherwise. */
@Block({
  ...stableDiffusionPart,
  description: 'Makes the noisy latents that the run begins with, and a mask for each picture.',
})
export class StableDiffusionPrepareInpaintLatents extends PrepareInpaintLatents {
  static override readonly className: string = 'StableDiffusionPrepareInpaintLatents'

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.default(1))
  override strength!: In<number>
}
