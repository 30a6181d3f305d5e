/** Denoises, for each task in its way. Counterpart: StableDiffusionXLCoreDenoiseStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { AutoControlNetDenoise } from '../steps/auto-controlnet-denoise'
import { AutoT2IAdapter } from '../steps/auto-t2i-adapter'
import { DenoiseLoop } from '../steps/denoise-loop'
import { InpaintDenoiseLoop } from '../steps/inpaint-denoise-loop'
import { ProjectIPAdapterImages } from '../steps/project-ip-adapter-images'
import { StableDiffusionAutoBeforeDenoise } from './auto-before-denoise'
import { StableDiffusionAutoControlNetInput } from './auto-controlnet-input'
import { stableDiffusion } from './stable-diffusion'

/** The denoise loops with ControlNets if there are pictures for them, that of inpainting if there is a mask, and that of the other tasks otherwise. */
@Block({ ...stableDiffusion, description: 'Denoises the latents, those under a mask alone if there is one.' })
export class StableDiffusionAutoDenoise extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoDenoise'

  @Branch({ when: 'controlnetCond' }) controlnetDenoise = slot(AutoControlNetDenoise)
  @Branch({ when: 'mask' }) inpaintDenoise = slot(InpaintDenoiseLoop)
  @Branch({ otherwise: true }) denoise = slot(DenoiseLoop)
}

/** From noise, from a picture, or from a picture and a mask to latents; along other pictures if there are any. */
@Block({ ...stableDiffusion, description: 'Denoises from noise, from a picture, or where a mask covers a picture.' })
export class StableDiffusionCoreDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionCoreDenoise'

  @Step() beforeDenoise = slot(StableDiffusionAutoBeforeDenoise)
  @Step() controlnetInput = slot(StableDiffusionAutoControlNetInput)
  @Step() t2iAdapter = slot(AutoT2IAdapter)
  @Step() projectIpAdapterImages = slot(ProjectIPAdapterImages)
  @Step() denoise = slot(StableDiffusionAutoDenoise)
}
