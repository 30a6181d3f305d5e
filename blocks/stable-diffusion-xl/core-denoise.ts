/** Denoises, for each task in its way. Counterpart: StableDiffusionXLCoreDenoiseStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { DenoiseLoop } from '../steps/denoise-loop'
import { InpaintDenoiseLoop } from '../steps/inpaint-denoise-loop'
import { StableDiffusionXLAutoBeforeDenoise } from './auto-before-denoise'
import { StableDiffusionXLInput } from './input'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** The denoise loop of inpainting if there is a mask, and that of the other tasks otherwise. */
@Block({ ...stableDiffusionXL, description: 'Denoises the latents, those under a mask alone if there is one.' })
export class StableDiffusionXLAutoDenoise extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoDenoise'

  @Branch({ when: 'mask' }) inpaintDenoise = slot(InpaintDenoiseLoop)
  @Branch({ otherwise: true }) denoise = slot(DenoiseLoop)
}

/** From embeddings, and from a picture and a mask if there are any, to latents. The reference's part for ControlNets is not among its steps yet. */
@Block({ ...stableDiffusionXL, description: 'Denoises from noise, from a picture, or where a mask covers a picture.' })
export class StableDiffusionXLCoreDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLCoreDenoise'

  @Step() input = slot(StableDiffusionXLInput)
  @Step() beforeDenoise = slot(StableDiffusionXLAutoBeforeDenoise)
  @Step() denoise = slot(StableDiffusionXLAutoDenoise)
}
